-- The first statement of the transaction takes the snapshot.
select count(*) from @relation@;
