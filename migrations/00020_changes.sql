-- +goose Up
-- The strip of changes of a library asks the rule once for each document.

-- +goose StatementBegin
-- The days on which what is in force in a record changed, as known now, in the documents that the actor sees: within a time (part 0), the last before a day (1) and
-- the first after it (2). One version begins, and one ends where no other begins. The rule is asked once for each document, where the policy of app.standing has
-- to ask it for each standing: a page reads them by the hundred.
create function app.changes_of(record bigint, since timestamptz, till timestamptz, day timestamptz, day_ends timestamptz)
returns table (part int, at timestamptz, document_id bigint, number int)
language plpgsql stable security definer set search_path = pg_catalog, app rows 100 as $$
declare mine int8multirange := app.reach(1); hidden bigint[] := app.shields();
begin
  return query with c as materialized (
    select e.at, d.id, d.title, e.version_id
    from app.document d cross join lateral (
      select s.version_id, s.in_from, s.in_to, lead(s.in_from) over (order by s.in_from) as next
      from app.standing s where s.document_id = d.id and s.known_to = 'infinity'
    ) s cross join lateral (
      select s.in_from as at, s.version_id
      union all
      select s.in_to, null where s.in_to < 'infinity' and s.next is distinct from s.in_to
    ) e
    where d.record_id = changes_of.record and app.sees(d.provider_id, d.home_id, d.record_id, d.id, d.class, mine, hidden)
      and (d.class % 3 <> 2 or not app.about_me(d.record_id)) -- as the policies of app.document
  ), parts as (
    select 0 as part, c.* from c where c.at >= since and c.at < till
    union all
    (select 1, c.* from c where c.at < day order by c.at desc, c.title, c.id limit 1)
    union all
    (select 2, c.* from c where c.at >= day_ends order by c.at, c.title, c.id limit 1)
  )
  select p.part, p.at, p.id, (select v.number from app.version v where v.id = p.version_id) from parts p;
end $$;
-- +goose StatementEnd
alter function app.changes_of(bigint, timestamptz, timestamptz, timestamptz, timestamptz) owner to custodian_rule;
set local role custodian_rule; -- whose functions they are
drop function app.standings_of(bigint, timestamptz);
revoke all on function app.changes_of(bigint, timestamptz, timestamptz, timestamptz, timestamptz) from public;
grant execute on function app.changes_of(bigint, timestamptz, timestamptz, timestamptz, timestamptz) to custodian_app;
reset role;
