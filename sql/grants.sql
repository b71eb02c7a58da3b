-- Last, every time: nobody but members of the owner may do anything here.
revoke all on schema @extschema@ from public;
revoke all on all tables in schema @extschema@ from public;
revoke all on all routines in schema @extschema@ from public;
