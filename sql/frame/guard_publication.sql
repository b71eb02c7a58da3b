-- A publication that carries every table would carry ours: the subscriber
-- has no such tables and would stop applying at our first insert.
do $$
declare
    v_publications text;
begin
    if current_setting('pytelemetry_db.allow_all_tables_publication')::boolean then
        return;
    end if;
    select string_agg(format('%I', p.pubname), ', ' order by p.pubname) into v_publications
    from pg_publication as p
    where p.puballtables or exists (
        select from pg_publication_namespace as pn
        inner join pg_namespace as n on n.oid = pn.pnnspid
        where pn.pnpubid = p.oid and n.nspname = current_setting('pytelemetry_db.schema')
    );
    if v_publications is not null then
        raise exception 'publication % would replicate our tables and stop its subscribers', v_publications
            using errcode = 'object_not_in_prerequisite_state',
            detail = format(
                'Each subscriber needs the same tables first: install the same version in schema %s there,'
                ' then refresh the subscription.', current_setting('pytelemetry_db.schema')
            ),
            hint = 'prepare the subscribers, then: pytelemetry-db install --allow-all-tables-publication';
    end if;
end
$$;
