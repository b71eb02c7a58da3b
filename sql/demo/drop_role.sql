-- After the database, the role owns nothing any more.
drop role if exists @role@;
