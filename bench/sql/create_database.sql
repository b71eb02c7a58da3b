-- An empty database.
create database @database@ owner @role@ template template0;
