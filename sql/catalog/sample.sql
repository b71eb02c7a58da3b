-- sample: one CALL, alone, because it commits.
call @extschema@.sample();
