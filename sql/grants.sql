-- Last, every time: nobody but members of the owner may do anything here.
revoke all on schema @extschema@ from public;
revoke all on all tables in schema @extschema@ from public;
revoke all on all routines in schema @extschema@ from public;

-- The audit sees every change of what decides; written again every time, like the function.
create or replace trigger _audit_policy after insert or update or delete on @extschema@._policy
for each row execute function @extschema@._record_change();
create or replace trigger _audit_hold after insert or update or delete on @extschema@._hold
for each row execute function @extschema@._record_change();
create or replace trigger _audit_setting after insert or update or delete on @extschema@._setting_value
for each row execute function @extschema@._record_change();
create or replace trigger _audit_allowance after insert or update or delete on @extschema@._allowance
for each row execute function @extschema@._record_change();
create or replace trigger _audit_home after insert or update or delete on @extschema@._home
for each row execute function @extschema@._record_change();
