-- The root of all waiting.
update filled
set note = 'y'
where id = 1;
