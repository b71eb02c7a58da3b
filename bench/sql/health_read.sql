-- Waits for the ALTER.
select count(*) from filled;
