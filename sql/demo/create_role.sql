-- The role that owns the demo's tables and our schema: an ordinary one.
create role @role@ login;
