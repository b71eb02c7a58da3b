-- alert send: compare health with the incidents that are open.
select @extschema@._note_incidents(%(channels)s::text[]);
