-- Ends sessions that are still in it.
drop database if exists @database@ with (force);
