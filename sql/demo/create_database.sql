-- A database of its own, so that nothing of yours is in reach.
create database @database@ owner @role@;
