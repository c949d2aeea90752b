-- +goose Up
-- Whoever told something is asked before whom it is about comes to read it, however that begins; a directory gives to other people, and nobody by a role more than
-- the role holds; whoever ends a role could have given it; and what runs with its owner's rights asks who asks (docs/design/database.md).

-- Why something is given although whoever told it objects: said beside their answer, where no lodging stands any more at whose end it could be said.
alter table app.consultation add despite text not null default '',
  add constraint consultation_despite_answers check (length(despite) <= 2000 and (despite = '' or answer = 'objects'));
create index record_actor on app.record (actor_id) where actor_id is not null;

set local role custodian_rule; -- who owns the functions of the rule

-- What follows until "asks" answers whoever calls it, so it is for other functions of the rule alone: the application may not call it.
-- +goose StatementBegin
-- As app.release_lacks in 00014, whoever asks.
create function app.lacks_of(document bigint) returns text[] language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return (select coalesce(array_agg(distinct x.lacks) filter (where x.lacks is not null), '{}') from (
    select case when c.answer is null then 'originator'
      when c.answer = 'objects' and btrim(c.despite) = '' and not exists (select from app.lodging_event e where e.lodging_id = l.id and e.id > c.id and btrim(e.despite) <> '') then 'objection' end as lacks
    from app.lodging l left join lateral (select k.id, k.answer, k.despite from app.consultation k where k.lodging_id = l.id order by k.id desc limit 1) c on true
    where l.document_id = document) x);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whether whom a record is about reads in it now, or is to: as its data subject (whose grants are on the record, or on a document or version of it), or, of a
-- staff file, by whatever grants they work with.
create function app.reads_own(record bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.record r join app.grants g on g.actor_id = r.actor_id
      where r.id = record and g.rights & 1 = 1 and g.valid_until > greatest(g.valid_from, statement_timestamp())
        and (app.sees_record(r.provider_id, r.home_id, r.id, r.kind, g.covers, '{}')
          or g.scope = 3 and exists (select from app.document d where d.id = g.scope_id and d.record_id = r.id)
          or g.scope = 4 and exists (select from app.version v join app.document d on d.id = v.document_id where v.id = g.scope_id and d.record_id = r.id)))
    or exists (select from app.grants g where g.basis = 'data-subject' and g.rights & 1 = 1 and g.valid_until > greatest(g.valid_from, statement_timestamp())
      and g.scope = 2 and g.scope_id = record)
    or exists (select from app.document d join app.grants g on g.scope = 3 and g.scope_id = d.id where d.record_id = record
      and g.basis = 'data-subject' and g.rights & 1 = 1 and g.valid_until > greatest(g.valid_from, statement_timestamp()))
    or exists (select from app.document d join app.version v on v.document_id = d.id join app.grants g on g.scope = 4 and g.scope_id = v.id where d.record_id = record
      and g.basis = 'data-subject' and g.rights & 1 = 1 and g.valid_until > greatest(g.valid_from, statement_timestamp()));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- A lodging ends and somebody is let read their own file one after the other: each sees what the other did. An older snapshot than the lock would not.
create function app.one_reader_at_a_time(record bigint) returns void language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'this is done in a transaction that is read committed' using errcode = '0A000';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('own file', record));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function app.class_of(document bigint) returns smallint language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return (select d.class from app.document d where d.id = document);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function app.lay_of(record bigint) returns bigint language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return (select r.home_id from app.record r where r.id = record);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- From when somebody is no longer here; null for whoever is.
create function app.gone_at(who bigint) returns timestamptz language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return (select case e.what when 'left' then e.from_at end from app.person_event e where e.actor_id = who order by e.id desc limit 1);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function app.is_gone(who bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return coalesce(app.gone_at(who) <= statement_timestamp(), false);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whether somebody has left, by the last word of their provider's directory.
create function app.scim_gone(actor bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
declare who app.actor; said app.scim_user_said;
begin
  select * into who from app.actor a where a.id = actor and a.subject <> '';
  if not found then return false; end if;
  said := app.scim_last(who.provider_id, who.issuer, who.subject);
  return said.id is not null and (said.deleted or not said.active);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whether the actor may know that somebody has left: they themselves, Custodian, and whoever manages, audits or directs anything at the same provider.
create function app.may_know_of(who bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return coalesce(app.me() in (1, who) or exists (select from app.actor a where a.id = who and a.provider_id = app.my_provider())
    and exists (select from app.grants g where g.actor_id = app.me() and g.valid_until > statement_timestamp() and g.valid_from <= statement_timestamp() and g.rights & (8 + 64 + 256) <> 0), false);
end $$;
-- +goose StatementEnd

-- Whoever reads their own file for the first time: of all that they come to read, what was restricted from them once is released only now.
-- +goose StatementBegin
create function app.released() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
declare covers int8multirange := app.covers(new.scope, new.scope_id, new.mask); about bigint[];
begin
  about := case new.scope when 2 then array[new.scope_id]
    when 3 then array(select d.record_id from app.document d where d.id = new.scope_id)
    when 4 then array(select d.record_id from app.version v join app.document d on d.id = v.document_id where v.id = new.scope_id)
    else array(select r.id from app.record r where new.scope = 0 and r.provider_id = new.scope_id or new.scope = 1 and r.home_id = new.scope_id order by r.id) end;
  perform app.one_reader_at_a_time(x) from unnest(about) x;
  -- who reads it already reads what was judged when it was released
  if exists (select from app.grants g where g.actor_id = new.actor_id and g.basis = 'data-subject' and g.scope = new.scope and g.scope_id = new.scope_id and g.mask & new.mask = new.mask
      and g.rights & 1 = 1 and g.valid_until > greatest(g.valid_from, now())) then
    return new;
  end if;
  if exists (select from app.lodging l join app.document d on d.id = l.document_id where l.record_id = any (about) and app.lacks_of(d.id) <> '{}'
      and (covers @> any (array[d.provider_id * 128 + d.class, d.home_id * 128 + 16 + d.class, d.record_id * 128 + 32 + d.class, d.id * 128 + 48 + d.class])
        or exists (select from app.version v where v.document_id = d.id and covers @> v.id * 128 + 64 + d.class))) then
    raise exception 'whoever told what was restricted was not asked, or objects' using errcode = '23514', constraint = 'grants_released', table = 'grants', schema = 'app';
  end if;
  return new;
end $$;
-- +goose StatementEnd
reset role;
create trigger released before insert on app.grants for each row when (new.basis = 'data-subject' and new.rights & 1 = 1) execute function app.released();
set local role custodian_rule;
-- +goose StatementBegin
-- As in 00014; and nobody comes to read the record in the meantime.
create or replace function app.judge_lodging() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
declare l app.lodging; lacks text[];
begin
  select * into l from app.lodging where id = new.lodging_id;
  perform pg_advisory_xact_lock(hashtextextended('document', l.document_id));
  if app.live_lodging(l.document_id) is distinct from l.id then raise exception 'not lodged any more' using errcode = '23514', constraint = 'lodging_event_live'; end if;
  if new.review_on is not null and not app.review_fits(new.review_on) then raise exception 'the review does not lie within a year ahead' using errcode = '23514', constraint = 'lodging_review_ahead'; end if;
  perform app.one_reader_at_a_time(l.record_id);
  if new.to_subject or new.what in ('moved-out', 'withdrawn') and app.reads_own(l.record_id) then
    lacks := app.lacks_of(l.document_id);
    if 'originator' = any (lacks) then raise exception 'whoever told it was not asked' using errcode = '23514', constraint = 'lodging_event_consulted'; end if;
    if 'objection' = any (lacks) and btrim(new.despite) = '' then raise exception 'their objection is not answered' using errcode = '23514', constraint = 'lodging_event_despite'; end if;
  end if;
  new.at := clock_timestamp();
  return new;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- The documents of the actor's own file that were restricted from them and are not released. A list, since it is short, and empty for nearly everybody. However
-- reading one's own staff file begins (a role, a move, a group), these are not in it.
create function app.kept_from_me() returns bigint[] language plpgsql stable security definer set search_path = pg_catalog, app parallel safe as $$
begin
  return (select coalesce(array_agg(distinct l.document_id), '{}') from app.record r join app.lodging l on l.record_id = r.id
    where r.actor_id = app.me() and app.lacks_of(l.document_id) <> '{}');
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- The next three as in 00019 and 00020, without what is kept from its reader in their own file.
create or replace function app.changes_of(record bigint, since timestamptz, till timestamptz, day timestamptz, day_ends timestamptz)
returns table (part int, at timestamptz, document_id bigint, number int)
language plpgsql stable security definer set search_path = pg_catalog, app rows 100 as $$
declare mine int8multirange := app.reach(1); hidden bigint[] := app.shields(); kept bigint[] := app.kept_from_me();
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
      and (d.class % 3 <> 2 or not app.about_me(d.record_id)) and d.id <> all (kept) -- as the policies of app.document
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
-- +goose StatementBegin
create or replace function app.shelf_of(record bigint, at timestamptz, day_ends timestamptz, known timestamptz, waits boolean)
returns table (document_id bigint, version_id bigint, in_from timestamptz, in_to timestamptz, known_from timestamptz, comes timestamptz, ended timestamptz,
  withdrawn timestamptz, withdrawal_ended boolean, waiting int)
language plpgsql stable security definer set search_path = pg_catalog, app rows 200 as $$
declare mine int8multirange := app.reach(1); hidden bigint[] := app.shields(); kept bigint[] := app.kept_from_me();
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
    and (d.class % 3 <> 2 or not app.about_me(d.record_id)) and d.id <> all (kept);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function app.heads_of(documents bigint[], at timestamptz) returns table (document_id bigint, waits bigint, holds int, review_on date)
language plpgsql stable security definer set search_path = pg_catalog, app rows 200 as $$
declare mine int8multirange := app.reach(1); hidden bigint[] := app.shields(); kept bigint[] := app.kept_from_me();
begin
  return query select d.id, w.id, c.number, c.review_on from app.document d
    left join lateral (select v.id from (select v.id from app.version v where v.document_id = d.id order by v.number desc limit 1) v
      where not exists (select from app.decision x where x.document_id = d.id and x.version_id = v.id)) w on true
    left join lateral (select v.number, v.review_on from app.standing s join app.version v on v.id = s.version_id
      where s.document_id = d.id and s.in_from <= heads_of.at and s.in_to > heads_of.at and s.known_to = 'infinity' limit 1) c on true
    where d.id = any (documents) and app.sees(d.provider_id, d.home_id, d.record_id, d.id, d.class, mine, hidden)
      and (d.class % 3 <> 2 or not app.about_me(d.record_id)) and d.id <> all (kept);
end $$;
-- +goose StatementEnd

-- What asks.
-- +goose StatementBegin
-- As in 00014, for whoever works with the document; null for anybody else, to whom even its having been restricted would tell something. It does not depend on
-- whether they may see the lodging: nobody is told "nothing" because they may not.
create or replace function app.release_lacks(document bigint) returns text[] language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  if not exists (select from app.document d where d.id = document and not app.about_me(d.record_id)
      and app.sees(d.provider_id, d.home_id, d.record_id, d.id, d.class, app.reach_besides(1, '{data-subject,portal-link}'), app.shields())) then
    return null;
  end if;
  return app.lacks_of(document);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whether whom a record is about reads in it, or is to; null for whoever sees none of its lodgings.
create or replace function app.subject_reads(record bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  if app.about_me(record) or not exists (select from app.record r join app.lodging l on l.record_id = r.id where r.id = record
      and app.sees(r.provider_id, r.home_id, r.id, l.document_id, (r.kind * 3 + 2)::smallint, app.reach(1), app.shields())) then
    return null;
  end if;
  return app.reads_own(record);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- In which section a document lies, for whoever audits that. One query, since the policy of footprints asks it for each of them; it knows no shields, which
-- that policy asks for besides.
create or replace function app.class_now(document bigint) returns smallint language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return (select d.class from app.document d where d.id = document and exists (select from app.grants g
    where g.actor_id = app.me() and g.valid_until > statement_timestamp() and g.valid_from <= statement_timestamp() and g.rights & 64 = 64
      and g.covers @> any (array[d.provider_id * 128 + d.class, d.home_id * 128 + 16 + d.class, d.record_id * 128 + 32 + d.class, d.id * 128 + 48 + d.class])));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Where a record lies, for whoever holds something there: to anybody else it makes no difference. As above, one query.
create or replace function app.lies_in(record bigint) returns bigint language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return (select r.home_id from app.record r where r.id = record and exists (select from app.grants g
    where g.actor_id = app.me() and g.valid_until > statement_timestamp() and g.valid_from <= statement_timestamp()
      and app.sees_record(r.provider_id, r.home_id, r.id, r.kind, g.covers, '{}')));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00016, which asks for itself.
create or replace function app.handles(concern bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
declare c app.concern;
begin
  select * into c from app.concern x where x.id = concern;
  if app.me() is null or not found or c.about_actor = app.me() or c.record_id = any (app.shields())
    or (c.class % 3 = 2 or app.class_of(c.document_id) % 3 = 2) and app.about_me(c.record_id) then return false; end if;
  return exists (select from (select c.goes_to as route union select e.goes_to from app.concern_event e where e.concern_id = c.id and e.what = 'passed-on') x
    where app.deals(x.route, app.me(), null, c.provider_id, coalesce(app.lay_of(c.record_id), c.home_id), c.class));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00004, for whoever may put something there; null for anybody else.
create or replace function app.has_content(record bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  if app.me() is distinct from 1 and not exists (select from app.record r join app.grants g on g.actor_id = app.me() where r.id = record
      and g.valid_until > statement_timestamp() and g.valid_from <= statement_timestamp() and g.rights & 2 = 2 and r.id <> all (app.shields())
      and (app.sees_record(r.provider_id, r.home_id, r.id, r.kind, g.covers, '{}') or g.scope = 3 and exists (select from app.document d where d.id = g.scope_id and d.record_id = r.id))) then
    return null;
  end if;
  return exists (select from app.version v join app.document d on d.id = v.document_id where d.record_id = record);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00012, for Custodian itself.
create or replace function app.never_keyed(record bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  if app.me() is distinct from 1 then return null; end if;
  return not app.has_content(record)
    and not exists (select from app.footprint f join app.leaf l on l.footprint_id = f.id where f.record_id = never_keyed.record and l.marks like 'record%');
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00012, for Custodian itself: how many footprints there are is told to whoever audits, by the checkpoints.
create or replace function app.tree_end() returns table (size bigint, epoch int, xid bigint, id bigint) language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  if app.me() is distinct from 1 then return; end if;
  return query select l.place + 1, l.epoch, l.xid::text::bigint, l.footprint_id from app.leaf l order by l.place desc limit 1;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function app.tree_waits() returns timestamptz language plpgsql stable security definer set search_path = pg_catalog, app as $$
declare e record;
begin
  if app.me() is distinct from 1 then return null; end if;
  select * into e from app.tree_end();
  return (select f.at from app.footprint f where (f.epoch, f.xid, f.id) > (coalesce(e.epoch, 0), coalesce(e.xid, 0)::text::xid8, coalesce(e.id, 0)) order by f.epoch, f.xid, f.id limit 1);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- From when somebody is no longer here, for whoever may know of it.
create or replace function app.leaves_at(who bigint) returns timestamptz language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return case when app.may_know_of(who) then app.gone_at(who) end;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Null for whoever may not know: then a policy that asks refuses.
create or replace function app.has_left(who bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return case when app.may_know_of(who) then app.is_gone(who) end;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function app.scim_inactive(actor bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return case when app.may_know_of(actor) then app.scim_gone(actor) end;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function app.within_stay() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
declare leaves timestamptz := app.gone_at(new.actor_id);
begin
  if leaves is null then return new; end if;
  if tg_table_name = 'grants' then
    if leaves <= greatest(now(), new.valid_from) then raise exception 'whoever has left is given nothing' using errcode = '42501'; end if;
    new.valid_until := least(new.valid_until, leaves);
  else
    if leaves <= greatest(now(), new.from_at) then raise exception 'whoever has left is given nothing' using errcode = '42501'; end if;
    new.until_at := least(new.until_at, leaves);
  end if;
  return new;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function app.bearer(token_hash bytea) returns table (token_id bigint, actor_id bigint, kind text, provider_id bigint) language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return query select t.id, a.id, a.kind, a.provider_id from app.token t join app.actor a on a.id = t.actor_id
    where t.hash = token_hash and t.expires_at > statement_timestamp() and t.revoked_at > statement_timestamp() and a.kind <> 'system' and not app.is_gone(a.id) and not app.scim_gone(a.id);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function app.visitor(secret_hash bytea) returns table (session_id bigint, actor_id bigint, kind text, provider_id bigint)
language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return query select s.id, a.id, a.kind, a.provider_id from app.session s join app.actor a on a.id = s.actor_id
    left join app.session_use u on u.session_id = s.id
    where s.hash = secret_hash and s.expires_at > statement_timestamp() and s.ended_at > statement_timestamp() and a.kind = 'person' and not app.is_gone(a.id) and not app.scim_gone(a.id)
      and greatest(s.begun_at, u.last_at) + make_interval(secs => s.idle_seconds) > statement_timestamp();
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function app.administrators(of_provider bigint, endless boolean) returns setof bigint language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return query select h.id from app.role_held h join app.actor a on a.id = h.actor_id
    where h.provider_id = of_provider and h.role = 'administrator' and h.home_id is null and h.from_at <= clock_timestamp()
      and h.until_at > clock_timestamp() and (h.until_at = 'infinity' or not endless)
      and a.kind = 'person' and a.subject <> '' and not app.scim_gone(a.id) and not app.is_gone(a.id);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function app.scim_left() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
declare who bigint;
begin
  select a.id into who from app.actor a where a.provider_id = new.provider_id and a.issuer = new.issuer and a.subject = new.subject and a.kind = 'person';
  if who is null or not app.scim_gone(who) then return null; end if;
  insert into app.role_ending (role_held_id, by_actor, why)
    select h.id, new.said_by, 'Left, as the directory service says' from app.role_held h where h.actor_id = who and h.until_at > now() on conflict do nothing;
  update app.role_held h set until_at = greatest(h.from_at, now()) where h.actor_id = who and h.until_at > now();
  insert into app.grant_ending (grant_id, by_actor, how, why) select g.id, new.said_by, 'left', 'Left, as the directory service says' from app.grants g
    where g.actor_id = who and g.valid_until > greatest(g.valid_from, now()) on conflict do nothing;
  update app.grants g set valid_until = greatest(g.valid_from, now()) where g.actor_id = who and g.valid_until > greatest(g.valid_from, now());
  update app.session s set ended_at = clock_timestamp() where s.actor_id = who and s.ended_at > clock_timestamp();
  update app.token t set revoked_at = clock_timestamp() where t.actor_id = who and t.revoked_at > clock_timestamp();
  return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00018, for whoever keeps or directs the provider's people; null for anybody else.
create or replace function app.last_administrator(held bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
declare provider bigint := (select h.provider_id from app.role_held h where h.id = held);
begin
  if not (app.manages(provider, null, app.reach(8)) or app.directs(provider, app.reach(256))) then return null; end if;
  return exists (select from app.administrators(provider, true) x where x = held) and not exists (select from app.administrators(provider, true) x where x <> held);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00010, for whoever keeps or directs the people of a provider; null for anybody else.
create or replace function app.known_elsewhere(by_issuer text, by_subject text) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  if not (app.manages(app.my_provider(), null, app.reach(8)) or app.directs(app.my_provider(), app.reach(256))) then return null; end if;
  return exists (select from app.actor a where a.issuer = by_issuer and a.subject = by_subject and a.provider_id is distinct from app.my_provider());
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00013, of one's own provider.
create or replace function app.works_here(who bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.role_held h where h.actor_id = who and h.record_id is null and h.until_at > statement_timestamp() and h.until_at > h.from_at
    and (app.me() = 1 or h.provider_id = app.my_provider()));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00015, for whoever asked for it, audits the record or answers for it; null for anybody else.
create or replace function app.outside_runs(access bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  if not exists (select from app.outside_access a where a.id = access and (a.actor_id = app.me() or app.may_ask_of(a.record_id) or app.answers_for(a.record_id, app.shields()))) then return null; end if;
  return exists (select from app.outside_access a left join app.outside_decision d on d.access_id = a.id join app.grants g on g.id in (a.grant_id, d.grant_id)
    where a.id = access and g.valid_until > statement_timestamp());
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00015, for whoever answers for the record across the provider, to whom it is escalated.
create or replace function app.escalated_to_me(access bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.outside_review e join app.outside_access a on a.id = e.access_id where a.id = access and e.level = 1 and e.verdict = 'escalated' and e.by_actor <> app.me()
    and a.actor_id <> app.me() and app.answers_wide(a.record_id, app.shields()));
end $$;
-- +goose StatementEnd

-- those of triggers, and those that answer whoever calls them, are nobody's to call
revoke all on function app.lacks_of(bigint), app.reads_own(bigint), app.one_reader_at_a_time(bigint), app.class_of(bigint), app.lay_of(bigint), app.gone_at(bigint), app.is_gone(bigint),
  app.scim_gone(bigint), app.may_know_of(bigint), app.released() from public;
-- and so were these to be (00004, 00014, 00015, 00018), where it was said by one who did not own them any more, which does nothing
-- +goose StatementBegin
do $$
declare f regprocedure;
begin
  for f in select p.oid from pg_proc p where p.pronamespace = 'app'::regnamespace and p.prosecdef and p.proowner = 'custodian_rule'::regrole
      and (p.prorettype = 'trigger'::regtype or p.proname in ('move_roles', 'live_lodging', 'advises', 'shielded', 'break_until', 'scim_last', 'administrators')) loop
    execute 'revoke all on function ' || f || ' from public';
  end loop;
end $$;
-- +goose StatementEnd
reset role;

create policy asked on app.document as restrictive for select to custodian_app using (class / 3 <> 1 or id <> all ((select app.kept_from_me())::bigint[]));

-- What each role holds, as internal/grants/roles.go has it: at which scope, these rights on these classes of content.
create function app.bundle(role text) returns table (scope smallint, mask int, rights int) language sql immutable parallel safe as $$
  select b.scope::smallint, b.mask, b.rights from (values
    ('staff', 1, 12995, 131), ('shift-lead', 1, 12995, 131), ('shift-lead', 1, 12483, 16), ('manager', 1, 32767, 223), ('inspector', 1, 520, 65),
    ('visitor-44', 1, 512, 1), ('visitor-25', 1, 512, 1), ('responsible-individual', 0, 32767, 197), ('data-protection-officer', 0, 32767, 225),
    ('front-door', 0, 4673, 129), ('auditor', 0, 32767, 64), ('administrator', 0, 8, 136), ('directory', 0, 8, 256),
    ('young-person', 2, 3, 1), ('parent', 2, 12288, 1)) b (named, scope, mask, rights) where b.named = role
$$;
-- Whether a role holds each of these rights on each of these classes, at that scope.
create function app.bundled(role text, scope smallint, mask int, rights int) returns boolean language sql immutable parallel safe as $$
  select mask <> 0 and rights <> 0 and not exists (
    select from generate_series(0, 14) c, generate_series(0, 30) b where (bundled.mask >> c) & 1 = 1 and (bundled.rights >> b) & 1 = 1
      and not exists (select from app.bundle(bundled.role) s where s.scope = bundled.scope and (s.mask >> c) & 1 = 1 and (s.rights >> b) & 1 = 1))
$$;
-- Whoever gives it, Custodian itself too: by a role nobody has more than the role holds, elsewhere than where it is held, or for longer.
create policy bundle on app.grants as restrictive for insert to custodian_app with check (basis not in ('role', 'data-subject') or exists (select from app.role_held h
  where h.id = role_held_id and h.actor_id = grants.actor_id and grants.valid_from >= h.from_at and grants.valid_until <= h.until_at and app.bundled(h.role, scope, mask, rights)
    and case scope when 0 then h.home_id is null and scope_id = h.provider_id when 1 then scope_id = h.home_id when 2 then scope_id = h.record_id else false end));

-- A directory sees and gives the roles of those who work here, and gives none to itself.
alter policy directs on app.role_held using (record_id is null and app.directs(provider_id, (select app.reach(256))));
create policy not_itself on app.role_held as restrictive for insert to custodian_app with check ((select app.reach(256)) = '{}'
  or exists (select from app.actor a where a.id = actor_id and a.id <> app.me() and a.kind = 'person'));
create policy not_itself on app.grants as restrictive for insert to custodian_app with check ((select app.reach(256)) = '{}'
  or exists (select from app.actor a where a.id = actor_id and a.id <> app.me() and a.kind = 'person'));

-- Whoever may end a role: who could give it. Custodian and administrators any; whoever handed it on; whoever manages the record that it is about; a directory what
-- comes from a group; and whoever manages a setting's people the lesser roles there, neither the manager's own nor what a manager handed on.
create function app.may_end(held app.role_held) returns boolean language sql stable
return coalesce(app.manages(held.provider_id, null, app.reach(8))
  or held.delegated_from is not null and held.given_by = app.me()
  or held.record_id is not null and app.manages_record(held.record_id, held.provider_id, held.home_id)
  or held.group_role_id is not null and app.directs(held.provider_id, app.reach(256))
  or held.record_id is null and held.home_id is not null and held.role not in ('manager', 'responsible-individual', 'data-protection-officer')
    and app.manages(held.provider_id, held.home_id, app.reach(8)), false);
create policy ends_bounded on app.role_held as restrictive for update to custodian_app using (app.may_end(role_held));
create policy bounded on app.role_ending as restrictive for insert to custodian_app with check (exists (select from app.role_held h where h.id = role_held_id and app.may_end(h)));
