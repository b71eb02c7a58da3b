-- After its databases, the role owns nothing any more.
drop role if exists @role@;
