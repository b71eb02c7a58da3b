-- alert send: what came of it.
select
    @extschema@._finish_deliveries(
        %(channel)s::text, %(incidents)s::uuid[], %(events)s::text[], %(sent)s::boolean, %(problem)s::text
    );
