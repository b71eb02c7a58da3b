-- What follows is done by the owner of the table.
set role converter;
