-- Owns the databases and does all the work: an ordinary role.
create role @role@;
