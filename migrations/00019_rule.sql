-- +goose Up
-- A grant on one version shows that version and nothing beside it; what may have changed an actor's rights is told at once to whoever is serving them.

alter table app.version add constraint version_id_fits check (id between 1 and 1::bigint << 55);
-- few grants are for one version: whether an actor holds any is asked of an index that is nearly empty
create index grants_version on app.grants (actor_id, valid_until) where scope = 4;

-- The rule where a version is at hand: it lies at five keys, those of its document and its own. Without one it is app.sees as in 00004.
create function app.sees(provider_id bigint, home_id bigint, record_id bigint, document_id bigint, version_id bigint, class smallint, reach int8multirange, shields bigint[])
returns boolean language sql immutable parallel safe
return coalesce(reach @> any (array[provider_id * 128 + class, home_id * 128 + 16 + class, record_id * 128 + 32 + class, document_id * 128 + 48 + class, version_id * 128 + 64 + class])
  and record_id <> all (shields), false);

-- +goose StatementBegin
-- The documents of which the actor reads single versions and not the whole: a document's row is shown to name the version, and everything that follows the
-- document's row leaves these out (docs/design/database.md). A list, since it is short, and empty for nearly everybody.
create function app.glimpsed() returns bigint[] language plpgsql stable security definer set search_path = pg_catalog, app parallel safe as $$
begin
  if not exists (select from app.grants g where g.scope = 4 and g.actor_id = app.me() and g.valid_until > statement_timestamp()) then
    return '{}';
  end if;
  return (select coalesce(array_agg(distinct d.id), '{}') from app.grants g join app.version v on v.id = g.scope_id join app.document d on d.id = v.document_id
    where g.scope = 4 and g.actor_id = app.me() and g.valid_until > statement_timestamp() and g.valid_from <= statement_timestamp()
      and g.rights & 1 = 1 and g.mask >> d.class & 1 = 1 and d.record_id <> all (app.shields())
      and not app.sees(d.provider_id, d.home_id, d.record_id, d.id, d.class, app.reach(1), app.shields()));
end $$;
-- +goose StatementEnd
alter function app.glimpsed() owner to custodian_rule;

drop policy sees on app.document;
create policy sees on app.document for select to custodian_app using (
  app.sees(provider_id, home_id, record_id, id, class, (select app.reach(1)), (select app.shields())) or id = any ((select app.glimpsed())::bigint[]));

-- whoever sees a document sees its versions; of one that they only glimpse, those that they were given. The second question is asked of the few alone.
drop policy sees on app.version;
create policy sees on app.version for select to custodian_app using (exists (select from app.document d where d.id = document_id)
  and (document_id <> all ((select app.glimpsed())::bigint[]) or exists (select from app.document d where d.id = document_id
    and app.sees(d.provider_id, d.home_id, d.record_id, d.id, version.id, d.class, (select app.reach(1)), (select app.shields())))));

-- +goose StatementBegin
-- What follows a document's row: all that is told and decided of its versions.
do $$
declare t text;
begin
  foreach t in array array['decision', 'statement', 'standing'] loop
    execute format('drop policy sees on app.%I', t);
    execute format('create policy sees on app.%I for select to custodian_app using (
      document_id <> all ((select app.glimpsed())::bigint[]) and exists (select from app.document d where d.id = document_id))', t);
  end loop;
end $$;
-- +goose StatementEnd

-- As in 00014, for those who see the document; a move is no version's.
drop policy sees on app.document_move;
create policy sees on app.document_move for select to custodian_app using (document_id <> all ((select app.glimpsed())::bigint[]) and exists (select from app.document d where d.id = document_id
  and (from_class % 3 <> 2 and to_class % 3 <> 2 or app.sees(d.provider_id, d.home_id, d.record_id, d.id, (d.class / 3 * 3 + 2)::smallint, (select app.reach(1)), (select app.shields())))));

-- +goose StatementBegin
-- The standings of a record's documents that the actor sees, and that were known at a moment: the rule is asked once for each document, where the policy of
-- app.standing has to ask it for each standing. What a page of a record reads by the hundred is read here,
create function app.standings_of(record bigint, known timestamptz) returns table (document_id bigint, version_id bigint, number int, in_from timestamptz, in_to timestamptz, known_from timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, app rows 500 as $$
declare mine int8multirange := app.reach(1); hidden bigint[] := app.shields();
begin
  return query select s.document_id, s.version_id, v.number, s.in_from, s.in_to, s.known_from
    from app.document d join app.standing s on s.document_id = d.id join app.version v on v.id = s.version_id
    where d.record_id = standings_of.record and s.known_from <= known and s.known_to > known
      and app.sees(d.provider_id, d.home_id, d.record_id, d.id, d.class, mine, hidden)
      and (d.class % 3 <> 2 or not app.about_me(d.record_id)); -- as the policies of app.document
end $$;
-- +goose StatementEnd
alter function app.standings_of(bigint, timestamptz) owner to custodian_rule;

-- +goose StatementBegin
-- How each document of a record that the actor sees stood at a moment, as known at another: the version in force; when one comes that was told by then; when
-- the last ended; the first withdrawal that stood, and whether one is what ended it; the newest version that waits for approval, where that is asked.
-- A withdrawal that was said again with no new version in between does not stand (app.timeline). As above, the rule is asked once for each document.
create function app.shelf_of(record bigint, at timestamptz, day_ends timestamptz, known timestamptz, waits boolean)
returns table (document_id bigint, version_id bigint, in_from timestamptz, in_to timestamptz, known_from timestamptz, comes timestamptz, ended timestamptz,
  withdrawn timestamptz, withdrawal_ended boolean, waiting int)
language plpgsql stable security definer set search_path = pg_catalog, app rows 200 as $$
declare mine int8multirange := app.reach(1); hidden bigint[] := app.shields();
begin
  return query select d.id, s.version_id, s.in_from, s.in_to, s.known_from, s.comes, s.ended, g.first, g.ended, w.number
  from app.document d
  cross join lateral (
    select max(s.version_id) filter (where s.in_from <= shelf_of.at and s.in_to > shelf_of.at) as version_id, max(s.in_from) filter (where s.in_from <= shelf_of.at and s.in_to > shelf_of.at) as in_from,
      max(s.in_to) filter (where s.in_from <= shelf_of.at and s.in_to > shelf_of.at) as in_to, max(s.known_from) filter (where s.in_from <= shelf_of.at and s.in_to > shelf_of.at) as known_from,
      min(s.in_from) filter (where s.in_from > shelf_of.at and exists (
        select from app.statement t where t.document_id = d.id and t.version_id = s.version_id and t.said_at < day_ends)) as comes,
      max(s.in_to) filter (where s.in_to <= shelf_of.at) as ended, count(*) > 0 as told
    from app.standing s where s.document_id = d.id and s.known_from <= known and s.known_to > known
  ) s
  left join lateral (
    select min(e.in_from) as first, bool_or(e.in_from = s.ended) as ended from app.statement e
    where e.document_id = d.id and e.version_id is null and e.said_at <= known and not exists (
      select from app.statement l where l.document_id = d.id and l.version_id is null and l.said_at > e.said_at and l.said_at <= known and not exists (
        select from app.statement t where t.document_id = d.id and t.kind = 'told' and t.said_at > e.said_at and t.said_at < l.said_at))
  ) g on s.version_id is null and s.comes is null and (s.ended is not null or not s.told)
  left join lateral (
    select v.number from (select v.id, v.number from app.version v where v.document_id = d.id order by v.number desc limit 1) v
    where not exists (select from app.decision x where x.document_id = d.id and x.version_id = v.id)
  ) w on waits and d.needs_approval
  where d.record_id = shelf_of.record and app.sees(d.provider_id, d.home_id, d.record_id, d.id, d.class, mine, hidden)
    and (d.class % 3 <> 2 or not app.about_me(d.record_id));
end $$;
-- +goose StatementEnd
alter function app.shelf_of(bigint, timestamptz, timestamptz, timestamptz, boolean) owner to custodian_rule;

-- +goose StatementBegin
-- Of each of these documents that the actor sees: its newest version, where nothing was decided about that one, and the version in force at a moment. As above,
-- for the page that asks it of every document that needs approval.
create function app.heads_of(documents bigint[], at timestamptz) returns table (document_id bigint, waits bigint, holds int, review_on date)
language plpgsql stable security definer set search_path = pg_catalog, app rows 200 as $$
declare mine int8multirange := app.reach(1); hidden bigint[] := app.shields();
begin
  return query select d.id, w.id, c.number, c.review_on from app.document d
    left join lateral (select v.id from (select v.id from app.version v where v.document_id = d.id order by v.number desc limit 1) v
      where not exists (select from app.decision x where x.document_id = d.id and x.version_id = v.id)) w on true
    left join lateral (select v.number, v.review_on from app.standing s join app.version v on v.id = s.version_id
      where s.document_id = d.id and s.in_from <= heads_of.at and s.in_to > heads_of.at and s.known_to = 'infinity' limit 1) c on true
    where d.id = any (documents) and app.sees(d.provider_id, d.home_id, d.record_id, d.id, d.class, mine, hidden)
      and (d.class % 3 <> 2 or not app.about_me(d.record_id));
end $$;
-- +goose StatementEnd
alter function app.heads_of(bigint[], timestamptz) owner to custodian_rule;

-- +goose StatementBegin
-- Tells, when the change commits, whose rights it may have changed, so that what they are being sent is asked about again at once. Only the actor's id is said:
-- whoever may connect may listen.
create function app.tell_of_rights() returns trigger language plpgsql set search_path = pg_catalog, app as $$
begin
  perform pg_notify('custodian_rights', new.actor_id::text);
  return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- The same for what may change the rights of many: a record or document that lies elsewhere now, and a circle, which is about everybody who is not in it.
create function app.tell_all_of_rights() returns trigger language plpgsql set search_path = pg_catalog, app as $$
begin
  perform pg_notify('custodian_rights', 'all');
  return null;
end $$;
-- +goose StatementEnd
revoke all on function app.tell_of_rights(), app.tell_all_of_rights() from public;
create trigger tell after insert or update on app.grants for each row execute function app.tell_of_rights();
create trigger tell after insert or update on app.shield for each row execute function app.tell_of_rights();
create trigger tell after insert or update on app.role_held for each row execute function app.tell_of_rights();
create trigger tell after insert or update on app.session for each row execute function app.tell_of_rights();
create trigger tell after insert or update on app.token for each row execute function app.tell_of_rights();
create trigger tell after insert or update on app.circle_member for each row execute function app.tell_of_rights();
create trigger tell after insert on app.person_event for each row execute function app.tell_of_rights();
create trigger tell after insert or update on app.circle for each row execute function app.tell_all_of_rights();
create trigger tell after insert on app.document_move for each row execute function app.tell_all_of_rights();
create trigger tell after insert on app.record_event for each row when (new.what = 'moved') execute function app.tell_all_of_rights();

-- +goose StatementBegin
-- What a directory said of somebody who is known here. What follows from consents and from the end of an access outside a role is told by the grants that end.
create function app.tell_of_said() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  perform pg_notify('custodian_rights', a.id::text) from app.actor a where a.provider_id = new.provider_id and a.issuer = new.issuer and a.subject = new.subject;
  return null;
end $$;
-- +goose StatementEnd
create trigger tell after insert on app.scim_user_said for each row execute function app.tell_of_said();
alter function app.tell_of_said() owner to custodian_rule;
set local role custodian_rule; -- whose function it is
revoke all on function app.tell_of_said() from public;
reset role;
create trigger tell after insert on app.scim_stop for each row execute function app.tell_all_of_rights();
