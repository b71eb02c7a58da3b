-- One partition less.
drop table @relation@;
