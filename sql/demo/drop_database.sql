-- Ends the demo's own sessions as well.
drop database if exists @database@ with (force);
