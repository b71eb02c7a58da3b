-- Waits for the update.
alter table filled add column more integer;
