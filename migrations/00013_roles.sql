-- +goose Up
-- Roles as bundles of grants: what is delegated, what hangs on a person's own record, which consents open a file to an independent visitor, who has left; and
-- for any day who could see what, by which grant, and why it ended.

-- basis consent: an independent visitor, while both consents stand (regulation 44 of the Children's Homes (England) Regulations 2015)
alter table app.grants drop constraint grants_basis_known,
  add constraint grants_basis_known check (basis in ('role', 'key-worker', 'break-glass', 'inspector-pass', 'portal-link', 'data-subject', 'consent'));

-- A role that its holder handed on for some days names the role that it was handed on from, and ends with it at the latest. A young person's or parent's
-- role is about one record, their own.
alter table app.role_held add delegated_from bigint references app.role_held, add record_id bigint references app.record, add identity_checked text not null default '',
  add constraint role_held_own check ((record_id is not null) = (role in ('young-person', 'parent')) and (record_id is not null) = (length(identity_checked) between 1 and 2000)),
  add constraint role_held_delegated_dated check (delegated_from is null or until_at < 'infinity'),
  add constraint role_held_is_a_shift check (role <> 'shift-lead' or until_at <= from_at + interval '49 hours');
create index role_held_delegated on app.role_held (delegated_from) where delegated_from is not null;
create index role_held_record on app.role_held (record_id) where record_id is not null;
create index role_held_home on app.role_held (home_id, until_at);

-- Left, or back again: the last word counts. Somebody who has left holds no role and no grant, and nothing speaks for them.
create table app.person_event (
  id bigint primary key default nextval('app.ids'),
  actor_id bigint not null references app.actor,
  what text not null,
  from_at timestamptz not null,
  why text not null,
  by_actor bigint not null references app.actor,
  at timestamptz not null default clock_timestamp(),
  constraint person_event_known check (what in ('left', 'back')),
  constraint person_event_why_said check (length(why) between 1 and 2000)
);
create index person_event_of on app.person_event (actor_id, id desc);

-- Somebody agrees that an independent visitor reads a record: who, in which capacity, from when to when, and how it is known.
create table app.consent (
  id bigint primary key default nextval('app.ids'),
  record_id bigint not null references app.record,
  purpose text not null,
  capacity text not null,
  who text not null,
  evidence text not null,
  from_at timestamptz not null,
  until_at timestamptz not null,
  recorded_by bigint not null references app.actor,
  at timestamptz not null default clock_timestamp(),
  constraint consent_purpose_known check (purpose in ('visitor-44', 'visitor-25')),
  constraint consent_capacity_known check (capacity in ('young-person', 'parent', 'placing-authority')),
  constraint consent_said check (length(who) between 1 and 200 and length(evidence) between 1 and 2000),
  constraint consent_dated check (from_at <= until_at and until_at < 'infinity')
);
create index consent_of on app.consent (record_id, until_at);
-- Withdrawn, or ended because the record moved or closed; one that ran out on its day has none.
create table app.consent_ending (
  consent_id bigint primary key references app.consent,
  at timestamptz not null default clock_timestamp(),
  by_actor bigint not null references app.actor,
  how text not null,
  why text not null,
  constraint consent_ending_known check (how in ('withdrawn', 'record-moved', 'record-closed')),
  constraint consent_ending_short check (length(why) <= 2000)
);
alter table app.grants add consent_id bigint references app.consent, add consent_also_id bigint references app.consent,
  add constraint grants_both_consents check ((basis = 'consent') = (consent_id is not null) and (consent_id is null) = (consent_also_id is null));
create index grants_consent on app.grants (scope_id) where basis = 'consent';

-- Why a grant that hangs on no role of its own ended before its day.
create table app.grant_ending (
  grant_id bigint primary key references app.grants,
  at timestamptz not null default clock_timestamp(),
  by_actor bigint not null references app.actor,
  how text not null,
  why text not null default '',
  constraint grant_ending_known check (how in ('by-hand', 'role-ended', 'record-moved', 'record-closed', 'consent-ended', 'left')),
  constraint grant_ending_short check (length(why) <= 2000)
);

-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['person_event', 'consent', 'consent_ending', 'grant_ending'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy rule_reads on app.%I for select to custodian_rule using (true)', t);
    execute format('grant select on app.%I to custodian_rule', t);
    execute format('grant select, insert on app.%I to custodian_app', t);
    execute format('create trigger keep_all before truncate on app.%I for each statement execute function app.append_only()', t);
  end loop;
  foreach t in array array['person_event', 'consent_ending', 'grant_ending'] loop
    execute format('create trigger keep before update or delete on app.%I for each row execute function app.append_only()', t);
  end loop;
  foreach t in array array['role_ending', 'consent_ending', 'grant_ending'] loop
    execute format('grant insert on app.%I to custodian_rule', t);
    execute format('create policy rule_tells on app.%I for insert to custodian_rule with check (true)', t);
  end loop;
  foreach t in array array['token:revoked_at', 'session:ended_at', 'consent:until_at'] loop
    execute format('grant update (%I) on app.%I to custodian_rule', split_part(t, ':', 2), split_part(t, ':', 1));
    execute format('create policy rule_ends on app.%I for update to custodian_rule using (true)', split_part(t, ':', 1));
  end loop;
end $$;
-- +goose StatementEnd
create trigger keep before update on app.consent for each row execute function app.closes_only('until_at');
create trigger keep_rows before delete on app.consent for each row execute function app.append_only();
grant update (until_at) on app.consent to custodian_app;
grant update (valid_until) on app.grants to custodian_app;

-- Whether the actor sees who did what everywhere: then also who could.
create function app.oversees(provider bigint, reach int8multirange) returns boolean language sql immutable parallel safe
return coalesce(reach @> provider * 128 + 3, false);

set local role custodian_rule; -- who owns the functions of the rule
-- +goose StatementBegin
-- From when somebody is no longer here; null for whoever is.
create function app.leaves_at(who bigint) returns timestamptz language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return (select case e.what when 'left' then e.from_at end from app.person_event e where e.actor_id = who order by e.id desc limit 1);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function app.has_left(who bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return coalesce(app.leaves_at(who) <= statement_timestamp(), false);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00006, for those who have not left.
create or replace function app.visitor(secret_hash bytea) returns table (session_id bigint, actor_id bigint, kind text, provider_id bigint)
language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return query select s.id, a.id, a.kind, a.provider_id from app.session s join app.actor a on a.id = s.actor_id
    left join app.session_use u on u.session_id = s.id
    where s.hash = secret_hash and s.expires_at > statement_timestamp() and s.ended_at > statement_timestamp() and a.kind = 'person'
      and greatest(s.begun_at, u.last_at) + make_interval(secs => s.idle_seconds) > statement_timestamp() and not app.has_left(a.id);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00004, for those who have not left.
create or replace function app.bearer(token_hash bytea) returns table (token_id bigint, actor_id bigint, kind text, provider_id bigint) language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return query select t.id, a.id, a.kind, a.provider_id from app.token t join app.actor a on a.id = t.actor_id
    where t.hash = token_hash and t.expires_at > statement_timestamp() and t.revoked_at > statement_timestamp() and a.kind <> 'system' and not app.has_left(a.id);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Nobody leaves in the past: what they saw, they saw.
create function app.departs() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  new.at := clock_timestamp();
  new.from_at := case new.what when 'left' then greatest(new.from_at, now()) else now() end;
  return new;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- With whoever leaves go, from that moment, their roles, their other grants, their tokens and their sessions.
create function app.leave() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  if new.what <> 'left' then return null; end if;
  insert into app.role_ending (role_held_id, by_actor, why) select h.id, new.by_actor, new.why from app.role_held h
    where h.actor_id = new.actor_id and h.until_at > greatest(h.from_at, new.from_at) on conflict do nothing;
  update app.role_held h set until_at = greatest(h.from_at, new.from_at)
    where h.actor_id = new.actor_id and h.until_at > greatest(h.from_at, new.from_at);
  insert into app.grant_ending (grant_id, by_actor, how, why) select g.id, new.by_actor, 'left', new.why from app.grants g
    where g.actor_id = new.actor_id and g.valid_until > greatest(g.valid_from, new.from_at) on conflict do nothing;
  update app.grants g set valid_until = greatest(g.valid_from, new.from_at)
    where g.actor_id = new.actor_id and g.valid_until > greatest(g.valid_from, new.from_at);
  update app.token t set revoked_at = new.from_at where t.actor_id = new.actor_id and t.revoked_at > new.from_at;
  update app.session s set ended_at = new.from_at where s.actor_id = new.actor_id and s.ended_at > new.from_at;
  return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- What is given to somebody who is going to leave ends then; to somebody who has left nothing is given.
create function app.within_stay() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
declare leaves timestamptz := app.leaves_at(new.actor_id);
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
-- An independent visitor is for one kind of setting.
create function app.role_fits() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  if not exists (select from app.home h where h.id = new.home_id and h.kind = case new.role when 'visitor-44' then 'childrens-home' else 'family-centre' end) then
    raise exception 'this visitor is not for that kind of setting' using errcode = '23514', constraint = 'role_held_visits';
  end if;
  return new;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Whether the actor holds, at that place and until then, every one of these rights on every one of these classes: nobody gives more than they hold, or for longer.
create function app.holds(at_scope smallint, at_id bigint, with_mask int, with_rights int, until_at timestamptz) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
declare p bigint; h bigint; r bigint; d bigint; v bigint;
begin
  if at_scope = 4 then select x.id, x.document_id into v, d from app.version x where x.id = at_id; end if;
  if at_scope = 3 then d := at_id; end if;
  if d is not null then select x.record_id into r from app.document x where x.id = d; end if;
  if at_scope = 2 then r := at_id; end if;
  if r is not null then select x.home_id, x.provider_id into h, p from app.record x where x.id = r; end if;
  if at_scope = 1 then select x.id, x.provider_id into h, p from app.home x where x.id = at_id; end if;
  if at_scope = 0 then p := at_id; end if;
  return not exists (
    select from generate_series(0, 14) c, generate_series(0, 7) b where (with_mask >> c) & 1 = 1 and (with_rights >> b) & 1 = 1 and not exists (
      select from app.grants g where g.actor_id = app.me() and g.valid_from <= statement_timestamp() and g.valid_until > statement_timestamp() and g.valid_until >= holds.until_at
        and (g.mask >> c) & 1 = 1 and (g.rights >> b) & 1 = 1
        and ((g.scope = 0 and g.scope_id = p) or (g.scope = 1 and g.scope_id = h) or (g.scope = 2 and g.scope_id = r) or (g.scope = 3 and g.scope_id = d) or (g.scope = 4 and g.scope_id = v))));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Until when the actor keeps the people of a setting.
create function app.keeps_until(provider bigint, home bigint) returns timestamptz language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return coalesce((select max(g.valid_until) from app.grants g where g.actor_id = app.me() and g.valid_from <= statement_timestamp() and g.valid_until > statement_timestamp()
    and g.rights & 8 = 8 and (g.mask >> 3) & 1 = 1 and ((g.scope = 0 and g.scope_id = provider) or (g.scope = 1 and g.scope_id = home))), '-infinity');
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- The actor's own live role there, which they were not handed by somebody else; of several the one that lasts longest.
create function app.own_role(named text, provider bigint, home bigint) returns bigint language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return (select h.id from app.role_held h where h.actor_id = app.me() and h.role = named and h.provider_id = provider and h.home_id is not distinct from home
    and h.delegated_from is null and h.from_at <= statement_timestamp() and h.until_at > statement_timestamp() order by h.until_at desc, h.id limit 1);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whether a role may be handed on so: it is the actor's own, is one of those that stand in for somebody, goes to another person, and ends no later.
create function app.hands_on(from_role bigint, named text, provider bigint, home bigint, until_at timestamptz, to_actor bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.role_held h where h.id = from_role and h.actor_id = app.me() and h.role = named and h.provider_id = provider and h.home_id is not distinct from home
      and h.delegated_from is null and h.from_at <= statement_timestamp() and h.until_at > statement_timestamp() and hands_on.until_at <= h.until_at)
    and named in ('manager', 'responsible-individual', 'data-protection-officer')
    and exists (select from app.actor a where a.id = to_actor and a.id <> app.me() and a.kind = 'person' and a.provider_id = provider);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whether the actor manages a record that lies just there.
create function app.manages_record(record bigint, provider bigint, home bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.record r where r.id = record and r.provider_id = provider and r.home_id is not distinct from home
    and (app.me() = 1 or app.sees_record(r.provider_id, r.home_id, r.id, r.kind, app.reach(8), app.shields())));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whether the actor keeps somebody: the people of the whole provider, or of every setting at which this person has a role, and there is one.
create function app.keeps_person(who bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  if app.me() = 1 then return true; end if;
  if exists (select from app.actor a where a.id = who and app.manages(a.provider_id, null, app.reach(8))) then return true; end if;
  return coalesce((select bool_and(h.home_id is not null and app.manages(h.provider_id, h.home_id, app.reach(8))) from app.role_held h
    where h.actor_id = who and h.until_at > statement_timestamp() and h.until_at > h.from_at), false);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Whether the actor may open one record to an inspector: the general part of a case record that lies there, to read, for 31 days at most (and an hour, when the
-- clocks change), to somebody who has the role of inspector at that setting; and no longer than the actor reads it.
create function app.opens_to_inspector(who bigint, at_scope smallint, record bigint, with_mask int, with_rights int, home bigint, begins timestamptz, ends timestamptz) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
declare first timestamptz := greatest(now(), begins);
begin
  return at_scope = 2 and with_rights = 1 and ends <= first + interval '31 days 1 hour'
    and exists (select from app.record r where r.id = record and r.home_id = home and r.open and r.kind in (0, 2, 4) and with_mask = 1 << (r.kind * 3)
      and app.manages_record(r.id, r.provider_id, r.home_id))
    and exists (select from app.role_held h where h.actor_id = who and h.home_id = home and h.role = 'inspector' and h.from_at <= first and h.until_at > first)
    and app.holds(at_scope, record, with_mask, with_rights, ends);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Whether somebody has a role in which they work or visit here: those whose only role is on their own record are in no list of colleagues.
create function app.works_here(who bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.role_held h where h.actor_id = who and h.record_id is null and h.until_at > statement_timestamp() and h.until_at > h.from_at);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- The grants of independent visitors on a record follow from the consents: one for each visitor and each pair of consents, from the latest of their beginnings
-- to the earliest of their ends. What no longer follows ends now.
create function app.follow_consents(about bigint) returns void language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  with ends as (
    select g.id, least(h.until_at, a.until_at, b.until_at) as at from app.grants g join app.role_held h on h.id = g.role_held_id
      join app.consent a on a.id = g.consent_id join app.consent b on b.id = g.consent_also_id
    where g.basis = 'consent' and g.scope_id = about and g.valid_until > greatest(g.valid_from, now(), least(h.until_at, a.until_at, b.until_at))
  ), told as (
    insert into app.grant_ending (grant_id, by_actor, how) select e.id, coalesce(app.me(), 1), 'consent-ended' from ends e on conflict do nothing
  )
  update app.grants g set valid_until = greatest(g.valid_from, now(), e.at) from ends e where g.id = e.id;
  insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, role_held_id, through_home, given_by, why, valid_from, valid_until, consent_id, consent_also_id)
  select h.actor_id, 2, r.id, 3 << (r.kind * 3), 1, 'consent', h.id, r.home_id, coalesce(app.me(), 1), 'Both consents stand on the record',
    greatest(h.from_at, a.from_at, b.from_at, now()), least(h.until_at, a.until_at, b.until_at), a.id, b.id
  from app.record r join app.role_held h on h.home_id = r.home_id and h.role in ('visitor-44', 'visitor-25') and h.until_at > now()
    join app.consent a on a.record_id = r.id and a.purpose = h.role and a.capacity <> 'placing-authority'
    join app.consent b on b.record_id = r.id and b.purpose = h.role and b.capacity = 'placing-authority'
  where r.id = about and r.open and r.kind in (0, 2, 4) and greatest(h.from_at, a.from_at, b.from_at, now()) < least(h.until_at, a.until_at, b.until_at)
    and not exists (select from app.grants g where g.role_held_id = h.id and g.scope_id = r.id and g.consent_id = a.id and g.consent_also_id = b.id and g.valid_until > now());
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function app.consent_counts() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  perform app.follow_consents(new.record_id);
  return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function app.visitor_comes() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  perform app.follow_consents(r.id) from app.record r where r.home_id = new.home_id and r.open
    and exists (select from app.consent c where c.record_id = r.id and c.until_at > now());
  return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- As in 00002; and for a consent's grant of somebody who comes later, and not for those whose only role is on their own record. What is opened to an inspector
-- hangs on that role.
create or replace function app.entrust() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
declare role_ends timestamptz;
begin
  perform 1 from app.record r where r.id = new.scope_id and r.home_id = new.through_home for share;
  if not found or new.scope <> 2 then raise exception 'the record does not lie at that home' using errcode = '42501'; end if;
  select max(h.until_at) into role_ends from app.role_held h
  where h.actor_id = new.actor_id and h.home_id = new.through_home and h.record_id is null and (new.basis <> 'inspector-pass' or h.role = 'inspector')
    and h.from_at <= greatest(now(), new.valid_from) and h.until_at > greatest(now(), new.valid_from);
  if role_ends is null then raise exception 'no role at that home' using errcode = '42501'; end if;
  new.valid_until := least(new.valid_until, role_ends);
  return new;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00002; what was handed on from it ends with it; and each grant that ends before its day says why.
create or replace function app.role_ends() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
declare last timestamptz; inspects timestamptz;
begin
  update app.grants g set valid_until = greatest(g.valid_from, new.until_at)
  where g.role_held_id = new.id and g.valid_until > greatest(g.valid_from, new.until_at);
  insert into app.role_ending (role_held_id, by_actor, why) select d.id, coalesce(app.me(), 1), 'The role that it was handed on from has ended' from app.role_held d
    where d.delegated_from = new.id and d.until_at > greatest(d.from_at, new.until_at) on conflict do nothing;
  update app.role_held d set until_at = greatest(d.from_at, new.until_at) where d.delegated_from = new.id and d.until_at > greatest(d.from_at, new.until_at);
  select coalesce(greatest(now(), max(h.until_at)), now()), coalesce(greatest(now(), max(h.until_at) filter (where h.role = 'inspector')), now()) into last, inspects from app.role_held h
  where h.actor_id = new.actor_id and h.home_id = new.home_id and h.record_id is null and h.from_at <= now() and h.until_at > h.from_at;
  insert into app.grant_ending (grant_id, by_actor, how) select g.id, coalesce(app.me(), 1), 'role-ended' from app.grants g
    where g.actor_id = new.actor_id and g.through_home = new.home_id and g.valid_until > greatest(g.valid_from, case g.basis when 'inspector-pass' then inspects else last end) on conflict do nothing;
  update app.grants g set valid_until = greatest(g.valid_from, case g.basis when 'inspector-pass' then inspects else last end)
  where g.actor_id = new.actor_id and g.through_home = new.home_id and g.valid_until > greatest(g.valid_from, case g.basis when 'inspector-pass' then inspects else last end);
  return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00010; a role that was handed on, and a shift, belong to the setting and do not move along.
create or replace function app.move_roles(event bigint) returns void language plpgsql security definer set search_path = pg_catalog, app as $$
declare e app.record_event; held app.role_held; fresh bigint; who bigint;
begin
  select * into e from app.record_event where id = event;
  select r.actor_id into who from app.record r where r.id = e.record_id;
  if who is null then return; end if;
  for held in select * from app.role_held h where h.actor_id = who and h.home_id = e.from_home_id and h.record_id is null and h.until_at > now() for update loop
    if held.delegated_from is not null or held.role = 'shift-lead' then
      insert into app.role_ending (role_held_id, by_actor, why) values (held.id, e.by_actor, e.why) on conflict do nothing;
      update app.role_held set until_at = greatest(from_at, now()) where id = held.id;
      continue;
    end if;
    fresh := nextval('app.ids');
    insert into app.role_held (id, actor_id, role, provider_id, home_id, from_at, until_at, given_by, why, group_role_id)
    values (fresh, who, held.role, held.provider_id, e.home_id, greatest(held.from_at, now()), held.until_at, e.by_actor, e.why, held.group_role_id);
    insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, role_held_id, given_by, why, valid_from, valid_until)
    select g.actor_id, g.scope, e.home_id, g.mask, g.rights, g.basis, fresh, e.by_actor, g.why, greatest(g.valid_from, now()), g.valid_until
    from app.grants g where g.role_held_id = held.id and g.scope = 1 and g.valid_until > now();
    update app.role_held set until_at = greatest(from_at, now()) where id = held.id;
  end loop;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whoever reads their own file goes on reading it where it has moved to.
create function app.move_own(event bigint) returns void language plpgsql security definer set search_path = pg_catalog, app as $$
declare e app.record_event; held app.role_held; fresh bigint;
begin
  select * into e from app.record_event where id = event;
  for held in select * from app.role_held h where h.record_id = e.record_id and h.until_at > now() for update loop
    fresh := nextval('app.ids');
    insert into app.role_held (id, actor_id, role, provider_id, home_id, from_at, until_at, given_by, why, record_id, identity_checked)
    values (fresh, held.actor_id, held.role, held.provider_id, e.home_id, greatest(held.from_at, now()), held.until_at, held.given_by, held.why, held.record_id, held.identity_checked);
    insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, role_held_id, given_by, why, valid_from, valid_until)
    select g.actor_id, g.scope, g.scope_id, g.mask, g.rights, g.basis, fresh, g.given_by, g.why, greatest(g.valid_from, now()), g.valid_until
    from app.grants g where g.role_held_id = held.id and g.valid_until > now();
    update app.role_held set until_at = greatest(from_at, now()) where id = held.id;
  end loop;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Consents are about one setting's visitor, and about somebody who is cared for there.
create function app.end_consents(event bigint, because text) returns void language plpgsql security definer set search_path = pg_catalog, app as $$
declare e app.record_event;
begin
  select * into e from app.record_event where id = event;
  insert into app.consent_ending (consent_id, by_actor, how, why) select c.id, e.by_actor, because, e.why from app.consent c
    where c.record_id = e.record_id and c.until_at > greatest(c.from_at, now()) on conflict do nothing;
  update app.consent c set until_at = greatest(c.from_at, now()) where c.record_id = e.record_id and c.until_at > greatest(c.from_at, now());
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- What hung on a record that closes ends: its key workers' grants, what was opened to inspectors, and the consents; of a member of staff their roles at its setting. Whoever reads their own file
-- goes on reading it.
create function app.close_grants(event bigint) returns void language plpgsql security definer set search_path = pg_catalog, app as $$
declare e app.record_event; r app.record;
begin
  select * into e from app.record_event where id = event;
  select * into r from app.record where id = e.record_id;
  insert into app.grant_ending (grant_id, by_actor, how, why) select g.id, e.by_actor, 'record-closed', e.why from app.grants g
    where g.basis in ('key-worker', 'inspector-pass') and g.scope = 2 and g.scope_id = r.id and g.valid_until > greatest(g.valid_from, now()) on conflict do nothing;
  update app.grants g set valid_until = greatest(g.valid_from, now())
    where g.basis in ('key-worker', 'inspector-pass') and g.scope = 2 and g.scope_id = r.id and g.valid_until > greatest(g.valid_from, now());
  perform app.end_consents(event, 'record-closed');
  if r.actor_id is null or r.home_id is null then return; end if;
  insert into app.role_ending (role_held_id, by_actor, why) select h.id, e.by_actor, e.why from app.role_held h
    where h.actor_id = r.actor_id and h.home_id = r.home_id and h.record_id is null and h.until_at > greatest(h.from_at, now()) on conflict do nothing;
  update app.role_held h set until_at = greatest(h.from_at, now())
    where h.actor_id = r.actor_id and h.home_id = r.home_id and h.record_id is null and h.until_at > greatest(h.from_at, now());
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00002, with what ends at a closing and what moves along besides.
create or replace function app.follow() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  if new.what = 'closed' then
    update app.record set open = false where id = new.record_id;
    perform app.close_grants(new.id);
  elsif new.what = 'reopened' then update app.record set open = true where id = new.record_id;
  elsif new.what = 'moved' then
    update app.record set home_id = new.home_id where id = new.record_id;
    update app.document set home_id = new.home_id where record_id = new.record_id;
    insert into app.grant_ending (grant_id, by_actor, how, why) select g.id, new.by_actor, 'record-moved', new.why from app.grants g
    where g.through_home = new.from_home_id and g.valid_until > greatest(g.valid_from, now())
      and ((g.scope = 2 and g.scope_id = new.record_id) or (g.scope = 3 and g.scope_id in (select d.id from app.document d where d.record_id = new.record_id))) on conflict do nothing;
    update app.grants g set valid_until = greatest(g.valid_from, now())
    where g.through_home = new.from_home_id and g.valid_until > greatest(g.valid_from, now())
      and ((g.scope = 2 and g.scope_id = new.record_id) or (g.scope = 3 and g.scope_id in (select d.id from app.document d where d.record_id = new.record_id)));
    perform app.end_consents(new.id, 'record-moved');
    perform app.move_roles(new.id);
    perform app.move_own(new.id);
  end if;
  return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Whether a record was kept from somebody at any time of a period, by a shield of theirs.
create function app.shielded_within(who bigint, record bigint, from_at timestamptz, until_at timestamptz) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.shield s where s.actor_id = who and s.record_id = record and s.valid_from < shielded_within.until_at and s.valid_until > shielded_within.from_at);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- One grant as it is told to whoever may know of it.
create type app.told as (grant_id bigint, actor_id bigint, name text, post_title text, kind text, basis text, role text, scope smallint, scope_id bigint, place text, mask int, rights int,
  from_at timestamptz, until_at timestamptz, given_by text, why text, group_name text, delegated boolean, role_held_id bigint, record_id bigint, record_kind smallint, record_name text,
  ended_by text, ended_how text, ended_why text, shielded boolean);
-- +goose StatementEnd
-- +goose StatementBegin
create function app.tell(which bigint[], from_at timestamptz, until_at timestamptz) returns setof app.told language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return query
    select g.id, a.id, case when k.known or g.basis <> 'data-subject' then a.name else 'The person whose file it is' end, a.post_title, a.kind, g.basis, coalesce(h.role, ''), g.scope, g.scope_id, coalesce(case g.scope when 0 then p.name when 1 then s.name else ls.name end, ''), g.mask, g.rights,
      g.valid_from, g.valid_until, case when b.kind = 'system' then '' else b.name end, case when k.known then g.why else '' end, coalesce(m.group_name, ''), h.delegated_from is not null, h.id, r.id, r.kind,
      case when k.known then r.name else '' end,
      coalesce(eb.name, ''), case when re.at is not null then 'role' else coalesce(ge.how, '') end, case when k.known then coalesce(re.why, ge.why, '') else '' end,
      -- of a shield whom it is about is told nothing
      g.actor_id is distinct from app.me() and app.shielded_within(g.actor_id, r.id, tell.from_at, tell.until_at)
    from app.grants g join app.actor a on a.id = g.actor_id join app.actor b on b.id = g.given_by
    left join app.role_held h on h.id = g.role_held_id left join app.group_role m on m.id = h.group_role_id
    left join app.provider p on g.scope = 0 and p.id = g.scope_id left join app.home s on g.scope = 1 and s.id = g.scope_id
    left join app.version v on g.scope = 4 and v.id = g.scope_id left join app.document d on d.id = case g.scope when 3 then g.scope_id when 4 then v.document_id end
    left join app.record r on r.id = case g.scope when 2 then g.scope_id else d.record_id end left join app.home ls on ls.id = r.home_id
    left join app.grant_ending ge on ge.grant_id = g.id left join app.role_ending re on ge.grant_id is null and re.role_held_id = h.id and h.until_at = g.valid_until
    left join app.actor eb on eb.id = coalesce(ge.by_actor, re.by_actor)
    -- what was written about a record is for those who see it, and so is its name
    cross join lateral (select r.id is null or app.sees_record(r.provider_id, r.home_id, r.id, r.kind, app.reach(1), app.shields())
      or app.sees_record(r.provider_id, r.home_id, r.id, r.kind, app.reach(8), app.shields()) as known) k
    where g.id = any (which) and g.valid_from < tell.until_at and g.valid_until > tell.from_at and g.valid_from < g.valid_until;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- What somebody could see in a period, grant by grant: to themselves, to whoever keeps the provider's people or audits it, and of a setting to whoever keeps its people.
create function app.access_of(who bigint, from_at timestamptz, until_at timestamptz) returns setof app.told language plpgsql stable security definer set search_path = pg_catalog, app as $$
declare provider bigint; all_of_it boolean;
begin
  select a.provider_id into provider from app.actor a where a.id = who;
  all_of_it := app.me() in (1, who) or app.manages(provider, null, app.reach(8)) or app.oversees(provider, app.reach(64));
  return query select * from app.tell(array(
    select g.id from app.grants g left join app.role_held h on h.id = g.role_held_id where g.actor_id = who and (all_of_it
      or h.home_id is not null and app.manages(h.provider_id, h.home_id, app.reach(8))
      or g.scope = 2 and exists (select from app.record r where r.id = g.scope_id and app.sees_record(r.provider_id, r.home_id, r.id, r.kind, app.reach(8), app.shields())))), from_at, until_at);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whether the actor manages or audits a record, and so may ask who else sees it.
create function app.may_ask_of(about bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.record r where r.id = about and (app.sees_record(r.provider_id, r.home_id, r.id, r.kind, app.reach(8), app.shields())
    or app.sees_record(r.provider_id, r.home_id, r.id, r.kind, app.reach(64), app.shields())));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Who could see anything of a record in a period, grant by grant: to whoever manages or audits it. Where the record lay is asked of its history.
create function app.access_to(about bigint, from_at timestamptz, until_at timestamptz) returns setof app.told language plpgsql stable security definer set search_path = pg_catalog, app as $$
declare r app.record;
begin
  if not app.may_ask_of(about) then return; end if;
  select * into r from app.record x where x.id = about;
  return query select * from app.tell(array(
    select g.id from app.grants g where (g.mask >> (r.kind * 3)) & 7 <> 0
      and ((g.scope = 0 and g.scope_id = r.provider_id) or (g.scope = 2 and g.scope_id = r.id)
        or (g.scope = 1 and exists (select from app.record_lay(about) l where l.home_id = g.scope_id and l.from_at < least(access_to.until_at, g.valid_until) and l.until_at > greatest(access_to.from_at, g.valid_from)))
        or (g.scope = 3 and g.scope_id in (select d.id from app.document d where d.record_id = r.id))
        or (g.scope = 4 and g.scope_id in (select v.id from app.version v join app.document d on d.id = v.document_id where d.record_id = r.id)))), from_at, until_at);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Where a record lay, from when to when: a move counts from the moment it was recorded.
create function app.record_lay(about bigint) returns table (home_id bigint, from_at timestamptz, until_at timestamptz) language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return query with step as (
    select e.at as at, e.home_id as home, e.id from app.record_event e where e.record_id = about and e.what in ('opened', 'moved')
    union all select '-infinity', coalesce((select e.from_home_id from app.record_event e where e.record_id = about and e.what = 'moved' order by e.id limit 1), r.home_id), 0 from app.record r where r.id = about)
  select s.home, s.at, lead(s.at, 1, 'infinity') over (order by s.at, s.id) from step s;
end $$;
-- +goose StatementEnd

reset role;

create trigger departs before insert on app.person_event for each row execute function app.departs();
create trigger leave after insert on app.person_event for each row execute function app.leave();
create trigger within_stay before insert on app.role_held for each row execute function app.within_stay();
create trigger within_stay before insert on app.grants for each row execute function app.within_stay();
create trigger fits before insert on app.role_held for each row when (new.role in ('visitor-44', 'visitor-25')) execute function app.role_fits();
create trigger counts after insert or update on app.consent for each row execute function app.consent_counts();
create trigger visitor_comes after insert on app.role_held for each row when (new.role in ('visitor-44', 'visitor-25')) execute function app.visitor_comes();

-- Nobody gives more than they hold, or for longer: whatever else allows it, besides an administrator and Custodian itself. One's own role is handed on, not given.
create policy bounded on app.role_held as restrictive for insert to custodian_app with check (
  (delegated_from is null or app.hands_on(delegated_from, role, provider_id, home_id, until_at, actor_id))
  and (record_id is null or app.manages_record(record_id, provider_id, home_id))
  and (app.me() = 1 or delegated_from is not null or record_id is not null or app.manages(provider_id, null, (select app.reach(8)))
    or role not in ('manager', 'responsible-individual', 'data-protection-officer') and app.keeps_until(provider_id, home_id) >= until_at));
create policy hands_on on app.role_held for insert to custodian_app with check (given_by = app.me() and delegated_from is not null);
create policy lets_read on app.role_held for insert to custodian_app with check (given_by = app.me() and record_id is not null
  and exists (select from app.actor a where a.id = actor_id and a.kind = 'person' and a.provider_id = role_held.provider_id));
create policy told on app.role_held for select to custodian_app using (given_by = (select app.me()) and delegated_from is not null or app.oversees(provider_id, (select app.reach(64)))
  or record_id is not null and (app.manages_record(record_id, provider_id, home_id) or app.manages(provider_id, home_id, (select app.reach(64)))));
create policy takes_back on app.role_held for update to custodian_app using (given_by = (select app.me()) and delegated_from is not null
  or record_id is not null and app.manages_record(record_id, provider_id, home_id));
create policy tells_too on app.role_ending for insert to custodian_app with check (by_actor = app.me() and exists (select from app.role_held h where h.id = role_held_id
  and (h.given_by = app.me() and h.delegated_from is not null or h.record_id is not null and app.manages_record(h.record_id, h.provider_id, h.home_id))));

create policy bounded on app.grants as restrictive for insert to custodian_app with check (app.me() = 1
  or basis in ('break-glass', 'portal-link')
  or basis = 'inspector-pass' and app.opens_to_inspector(actor_id, scope, scope_id, mask, rights, through_home, valid_from, valid_until)
  or basis = 'key-worker' and app.holds(scope, scope_id, mask, rights, valid_until)
  or basis = 'role' and exists (select from app.role_held h where h.id = role_held_id and h.record_id is null
    and (h.delegated_from is null and app.manages(h.provider_id, null, (select app.reach(8))) or app.holds(scope, scope_id, mask, rights, valid_until)))
  or basis = 'data-subject' and rights = 1 and scope = 2 and exists (select from app.role_held h join app.record r on r.id = h.record_id
    where h.id = role_held_id and h.record_id = scope_id and h.actor_id = grants.actor_id and grants.mask & ~(3 << (r.kind * 3)) = 0
      and r.kind = case h.role when 'young-person' then 0 else 4 end));
create policy hands_on on app.grants for insert to custodian_app with check (given_by = app.me() and basis = 'role' and exists (select from app.role_held h
  where h.id = role_held_id and h.actor_id = grants.actor_id and h.delegated_from is not null and h.given_by = app.me() and grants.valid_until <= h.until_at
    and ((scope = 0 and scope_id = h.provider_id and h.home_id is null) or (scope = 1 and scope_id = h.home_id))));
create policy lets_read on app.grants for insert to custodian_app with check (given_by = app.me() and basis = 'data-subject' and exists (select from app.role_held h
  where h.id = role_held_id and h.record_id = grants.scope_id and h.given_by = app.me() and grants.valid_until <= h.until_at));
create policy opens on app.grants for insert to custodian_app with check (given_by = app.me() and basis = 'inspector-pass');
create policy manager_ends on app.grants for update to custodian_app using (scope = 2 and basis in ('key-worker', 'inspector-pass')
  and exists (select from app.record r where r.id = scope_id and app.manages_record(r.id, r.provider_id, r.home_id)));

create policy sees on app.person_event for select to custodian_app using (actor_id = (select app.me()) or app.keeps_person(actor_id)
  or exists (select from app.actor a where a.id = actor_id and app.oversees(a.provider_id, (select app.reach(64)))));
create policy tells on app.person_event for insert to custodian_app with check (by_actor = app.me() and actor_id <> app.me() and app.keeps_person(actor_id));
create policy sees on app.consent for select to custodian_app using (exists (select from app.record r where r.id = record_id and app.manages_record(r.id, r.provider_id, r.home_id)));
create policy records on app.consent for insert to custodian_app with check (recorded_by = app.me()
  and exists (select from app.record r join app.home h on h.id = r.home_id where r.id = record_id and r.open and r.kind in (0, 2, 4) and app.manages_record(r.id, r.provider_id, r.home_id)
    and h.kind = case consent.purpose when 'visitor-44' then 'childrens-home' else 'family-centre' end));
create policy ends on app.consent for update to custodian_app using (exists (select from app.record r where r.id = record_id and app.manages_record(r.id, r.provider_id, r.home_id)));
create policy sees on app.consent_ending for select to custodian_app using (exists (select from app.consent c where c.id = consent_id));
create policy tells on app.consent_ending for insert to custodian_app with check (by_actor = app.me() and how = 'withdrawn' and exists (select from app.consent c where c.id = consent_id));
create policy sees on app.grant_ending for select to custodian_app using (exists (select from app.grants g where g.id = grant_id));
create policy tells on app.grant_ending for insert to custodian_app with check (by_actor = app.me() and how = 'by-hand' and exists (select from app.grants g
  join app.record r on g.scope = 2 and r.id = g.scope_id where g.id = grant_id and app.manages_record(r.id, r.provider_id, r.home_id)));

-- nothing comes to speak for somebody who has left
create policy stays on app.session as restrictive for insert to custodian_app with check (not app.has_left(actor_id));
create policy stays on app.token as restrictive for insert to custodian_app with check (not app.has_left(actor_id));

set local role custodian_rule; -- triggers need no grant to run; nobody calls these by hand
revoke all on function app.departs(), app.leave(), app.within_stay(), app.role_fits(), app.follow_consents(bigint), app.consent_counts(), app.visitor_comes(), app.move_own(bigint),
  app.end_consents(bigint, text), app.close_grants(bigint), app.tell(bigint[], timestamptz, timestamptz), app.record_lay(bigint),
  app.shielded_within(bigint, bigint, timestamptz, timestamptz) from public;
reset role;
