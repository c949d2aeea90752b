-- +goose Up
-- Access outside a role goes no deeper than its reason, and is told in the words of the guidance; whoever a record is about is told the reason of a look;
-- somebody who left a role for every setting is looked at too; and the tree is checked by whoever audits all of it, by the database's own word.

-- A reason in words is asked for what is restricted, whatever the reason; for an audit it may be said of the rest. What stands already was asked by the rule of its day.
alter table app.outside_access drop constraint outside_words_said, add constraint outside_words_said check (length(words) <= 1000
  and (words <> '' or reason in ('audit', 'oversight') and section < 2) and (words = '' or reason <> 'oversight')) not valid;

-- +goose StatementBegin
-- Until when at the latest somebody's right to ask covers a reason and a section; null: it does not. Where the right stands beside no reading (the
-- administrator's), it is for technical support, and never for what is restricted. What is restricted is for an emergency, and for an audit by whoever audits or
-- manages that section where the record is.
create function app.outside_until(who bigint, record bigint, reason text, section smallint) returns timestamptz
language plpgsql stable security definer set search_path = pg_catalog, app as $$
declare r app.record;
begin
  select * into r from app.record x where x.id = record;
  if section = 2 and reason <> 'emergency' and not (reason = 'audit' and exists (select from app.grants g
      where g.actor_id = who and g.rights & 72 <> 0 and (g.mask >> (r.kind * 3 + 2)) & 1 = 1 and g.valid_until > statement_timestamp() and g.valid_from <= statement_timestamp()
        and app.sees_record(r.provider_id, r.home_id, r.id, r.kind, g.covers::int8multirange, '{}'))) then
    return null;
  end if;
  return (select max(g.valid_until) from app.grants g where g.actor_id = who and g.rights & 128 <> 0 and (r.kind <> 1 or g.mask & (7 << 3) <> 0)
    and (g.rights & 1 = 1 or reason = 'support' and section < 2) and g.valid_until > statement_timestamp() and g.valid_from <= statement_timestamp());
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function app.may_ask_for(record bigint, reason text, section smallint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return app.may_break(record) and app.outside_until(app.me(), record, reason, section) is not null;
end $$;
-- +goose StatementEnd
create policy within_the_reason on app.outside_access as restrictive for insert to custodian_app with check (app.may_ask_for(record_id, reason, section));

-- What a manager approves, and what is lent, stays within it too; and ends with the role that covered it.
set local role custodian_rule; -- whose functions they are
-- +goose StatementBegin
create or replace function app.outside_allows(grant_id bigint, who bigint, record bigint, mask int, valid_from timestamptz, valid_until timestamptz)
returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (
    select from app.outside_access a join app.record r on r.id = a.record_id left join app.outside_decision d on d.access_id = a.id
    where a.actor_id = who and a.record_id = record and outside_allows.mask = app.outside_mask(r.kind, a.section)
      and outside_allows.valid_from between statement_timestamp() - interval '1 minute' and statement_timestamp()
      and outside_allows.valid_until <= app.break_until(who, record) and outside_allows.valid_until <= app.outside_until(who, record, a.reason, a.section)
      and not exists (select from app.outside_ending e where e.access_id = a.id)
      and (a.grant_id = outside_allows.grant_id and who = app.me() and outside_allows.valid_until <= outside_allows.valid_from + interval '24 hours'
        or d.grant_id = outside_allows.grant_id and d.by_actor = app.me() and who <> app.me() and outside_allows.valid_until <= outside_allows.valid_from
          + case a.wanted when 'fortnight' then interval '14 days' when 'half-year' then interval '6 months' else interval '0' end));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function app.outside_bounds(access bigint) returns table (until_at timestamptz, mask int) language plpgsql stable security definer set search_path = pg_catalog, app rows 1 as $$
begin
  return query select least(app.break_until(a.actor_id, a.record_id), app.outside_until(a.actor_id, a.record_id, a.reason, a.section)), app.outside_mask(a.kind, a.section) from app.outside_access a
    where a.id = access and (a.actor_id = app.me() or app.answers_for(a.record_id, app.shields()))
      and app.break_until(a.actor_id, a.record_id) is not null and app.outside_until(a.actor_id, a.record_id, a.reason, a.section) is not null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function app.break_ends() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  -- a grant on a staff file (classes 3 to 5) wants a right to ask that covers staff files, and any but for technical support one that stands beside reading; the
  -- last of the others does for the rest, and where none is left it ends now
  with due as (
    select g.id, greatest(g.valid_from, now(), (select max(b.valid_until) from app.grants b where b.actor_id = g.actor_id and b.rights & 128 <> 0
      and b.valid_from <= now() and b.valid_until > now() and (g.mask & (7 << 3) = 0 or b.mask & (7 << 3) <> 0) and (b.rights & 1 = 1 or exists (
        select from app.outside_access a left join app.outside_decision d on d.access_id = a.id where g.id in (a.grant_id, d.grant_id) and a.reason = 'support' and a.section < 2)))) as at
    from app.grants g where g.actor_id = new.actor_id and g.basis = 'break-glass' and g.valid_until > now()
  ), told as (
    insert into app.grant_ending (grant_id, by_actor, how) select g.id, coalesce(app.me(), 1), 'role-ended'
    from due d join app.grants g on g.id = d.id where g.valid_until > d.at on conflict do nothing
  )
  update app.grants g set valid_until = d.at from due d where g.id = d.id and g.valid_until > d.at;
  return null;
end $$;
-- +goose StatementEnd
reset role;

-- The letter to whom the record is about, in the words of the guidance on digital footprints, but for the name of one council's own system.
create or replace function app.outside_letter(name text, reason text, colleague text, words text) returns text language sql immutable
  return name || ' I have accessed your file ' || case reason
    when 'audit' then 'for the purpose of audit/moderation.'
    when 'oversight' then 'for the purpose of ad hoc management oversight as ' || rtrim(colleague, '. ') || ' is unavailable.'
    when 'support' then 'to provide support in relation to ' || rtrim(words, '. ') || ', to help resolve this.'
    when 'emergency' then 'for the purpose of keeping somebody safe in an emergency: ' || rtrim(words, '. ') || '.'
    else 'for the purpose of ' || rtrim(words, '. ') || '.' end;

-- +goose StatementBegin
-- What somebody had asked for when they looked at a record outside their role: the reason's kind, the role that they held then (at the record's own setting
-- before others), and the letter that stands for it. Internal.
create function app.asked_for(who bigint, moment timestamptz, home bigint, record bigint) returns table (reason text, role text, near boolean, note bigint)
language plpgsql stable security definer set search_path = pg_catalog, app rows 1 as $$
begin
  return query select a.reason, coalesce(h.role, ''), coalesce(h.home_id = home, false), n.id
    from app.outside_access a left join app.outside_decision d on d.access_id = a.id join app.grants g on g.id in (a.grant_id, d.grant_id)
    left join app.outside_note n on n.access_id = a.id and n.kind = 'letter'
    left join lateral (select x.role, x.home_id from app.role_held x where x.actor_id = who and x.record_id is null and x.from_at <= moment and x.until_at > moment
      order by x.home_id is distinct from home, x.from_at, x.id limit 1) h on true
    where a.actor_id = who and a.record_id = record and g.valid_from <= moment and g.valid_until > moment order by a.id desc limit 1;
end $$;
-- +goose StatementEnd

drop function app.looked(bigint, date, int);
drop function app.told_look(bigint);
-- +goose StatementBegin
-- Who has looked, for whoever the record is about: by day, role and reason, of the last days before one on which anything was done. No name, no title, and of
-- what was asked for outside a role no words; the letter that says them stands on the record, for whoever may read it there.
create function app.looked(record bigint, before_day date, days int)
returns table (day date, act text, kind text, basis text, role text, near boolean, reason text, note bigint, times int, footprint_id bigint)
language plpgsql stable security definer set search_path = pg_catalog, app rows 50 as $$
begin
  return query
  with told as (
    select f.*, (f.at at time zone 'Europe/London')::date as on_day from app.told_subject(record, before_day::timestamp at time zone 'Europe/London') f
  ), late as (
    select distinct t.on_day from told t order by t.on_day desc limit days
  ), seen as (
    select t.id, t.on_day, t.action, coalesce(d.kind, '') as kind, coalesce(w.basis, '') as basis, coalesce(b.role, w.role, '') as role, coalesce(b.near, w.role_home = t.home_id, false) as near,
      coalesce(b.reason, '') as reason, coalesce(b.note, 0) as note
    from told t join late l on l.on_day = t.on_day left join app.document d on d.id = t.document_id
    left join lateral (
      select * from app.ways(t.actor_id, t.at, t.provider_id, t.home_id, t.record_id, t.document_id, t.class) w
      order by array_position(array['key-worker', 'role', 'inspector-pass', 'portal-link', 'break-glass'], w.basis), w.role_home is distinct from t.home_id, w.role limit 1
    ) w on true
    left join lateral app.asked_for(t.actor_id, t.at, t.home_id, t.record_id) b on w.basis = 'break-glass'
  )
  select s.on_day, s.action, s.kind, s.basis, s.role, s.near, s.reason, s.note, count(*)::int, max(s.id) from seen s
  group by s.on_day, s.action, s.kind, s.basis, s.role, s.near, s.reason, s.note order by s.on_day desc, max(s.id) desc;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- One look, as whoever the record is about is told of it.
create function app.told_look(footprint bigint) returns table (record_id bigint, day date, act text, kind text, basis text, role text, near boolean, reason text, note bigint)
language plpgsql stable security definer set search_path = pg_catalog, app rows 1 as $$
begin
  return query select f.record_id, (f.at at time zone 'Europe/London')::date, f.action, coalesce(d.kind, ''), coalesce(w.basis, ''), coalesce(b.role, w.role, ''), coalesce(b.near, w.role_home = f.home_id, false),
      coalesce(b.reason, ''), coalesce(b.note, 0)
    from app.footprint f left join app.document d on d.id = f.document_id
    left join lateral (
      select * from app.ways(f.actor_id, f.at, f.provider_id, f.home_id, f.record_id, f.document_id, f.class) w
      order by array_position(array['key-worker', 'role', 'inspector-pass', 'portal-link', 'break-glass'], w.basis), w.role_home is distinct from f.home_id, w.role limit 1
    ) w on true
    left join lateral app.asked_for(f.actor_id, f.at, f.home_id, f.record_id) b on w.basis = 'break-glass'
    where f.id = footprint and app.told_of(footprint);
end $$;
-- +goose StatementEnd

set local role custodian_rule;
-- +goose StatementBegin
-- As in 00016, and "left" of roles for every setting as well.
create or replace function app.unusual(begins timestamptz, ends timestamptz, opens time, shuts time, floor_looks int, times numeric, shift_roles text[], not_staff text[], often int)
returns table (rule text, key text, actor_id bigint, role text, record_id bigint, home_id bigint, looks int, refused int, usual numeric, first_at timestamptz, last_at timestamptz, since timestamptz, footprint_id bigint)
language plpgsql stable security definer set search_path = pg_catalog, app rows 50 as $$
#variable_conflict use_column
declare may_audit int8multirange := app.reach(64); away bigint[] := app.shields(); me bigint := app.me(); mine bigint := app.my_provider();
begin
  return query
  with seen as materialized (
    select f.id, f.at, f.actor_id, f.outcome, f.home_id as lay, f.record_id, r.kind, f.at at time zone 'Europe/London' as local
    from app.footprint f join app.record r on r.id = f.record_id join app.actor a on a.id = f.actor_id and a.kind = 'person'
    left join app.document d on d.id = f.document_id
    where f.provider_id = mine and f.at >= begins and f.at < ends and f.outcome <> 'damaged' and f.actor_id <> me and app.is_look(f.action)
      and app.sees(r.provider_id, r.home_id, r.id, coalesce(f.document_id, 0), f.class, may_audit, away)
      -- as the policies of footprints
      and (d.id is null or app.sees(r.provider_id, r.home_id, r.id, d.id, d.class, may_audit, away))
      and (f.class % 3 <> 2 and coalesce(d.class, 0) % 3 <> 2 or r.actor_id is distinct from me)
      and not starts_with(f.action, 'concern.') and not starts_with(f.action, 'unusual.')
  ), days as (
    select s.actor_id, s.local::date as day, count(*)::int as looks, count(*) filter (where s.outcome = 'refused')::int as refused, min(s.at) as first_at, max(s.at) as last_at, max(s.id) as id
    from seen s group by 1, 2
  ), posts as (
    select d.*, (select h.role from app.role_held h where h.actor_id = d.actor_id and h.from_at <= d.last_at and h.until_at > d.first_at and h.role <> all (not_staff) order by h.from_at, h.id limit 1) as role from days d
  ), middles as (
    select p.role, percentile_cont(0.5) within group (order by p.looks)::numeric as usual from posts p where p.role is not null group by 1
  ), nights as (
    select s.actor_id, (s.local - make_interval(secs => extract(epoch from opens)))::date as day, count(*)::int as looks, count(*) filter (where s.outcome = 'refused')::int as refused, min(s.at) as first_at, max(s.at) as last_at, max(s.id) as id
    from seen s where s.local::time < opens or s.local::time >= shuts group by 1, 2
  ), alike as (
    select s.actor_id, s.record_id, count(*)::int as looks, count(*) filter (where s.outcome = 'refused')::int as refused, min(s.at) as first_at, max(s.at) as last_at, max(s.id) as id
    from seen s where s.kind in (0, 2, 4) group by 1, 2
  ), ended as (
    select distinct h.actor_id, h.home_id from app.role_held h where h.provider_id = mine and h.record_id is null and h.from_at < h.until_at and h.until_at < ends
  ), after_end as (
    select s.actor_id, s.lay, count(*)::int as looks, count(*) filter (where s.outcome = 'refused')::int as refused, min(s.at) as first_at, max(s.at) as last_at, max(s.id) as id, max(x.since) as since
    from ended e join seen s on s.actor_id = e.actor_id and s.lay = e.home_id
    cross join lateral (select max(h.until_at) as since, bool_or(h.until_at > s.at) as live from app.role_held h where h.actor_id = s.actor_id and h.home_id = s.lay and h.from_at <= s.at and h.from_at < h.until_at) x
    where x.since <= s.at and not x.live group by 1, 2
  ), after_wide as (
    -- a role for every setting has ended: any look counts, unless a role of that moment covers it (at that setting, or one for every setting that reads) or it was asked for outside the role, which is listed elsewhere
    select s.actor_id, count(*)::int as looks, count(*) filter (where s.outcome = 'refused')::int as refused, min(s.at) as first_at, max(s.at) as last_at, max(s.id) as id, max(x.since) as since
    from ended e join seen s on s.actor_id = e.actor_id
    cross join lateral (
      select max(h.until_at) filter (where h.home_id is null and h.until_at <= s.at) as since, bool_or(h.until_at > s.at and (h.home_id = s.lay
        or h.home_id is null and exists (select from app.grants g where g.role_held_id = h.id and g.rights & 1 = 1))) as live
      from app.role_held h where h.actor_id = s.actor_id and h.record_id is null and h.from_at <= s.at and h.from_at < h.until_at) x
    where e.home_id is null and x.since is not null and not coalesce(x.live, false) and not exists (select from app.grants g where g.actor_id = s.actor_id and g.scope = 2 and g.scope_id = s.record_id
      and g.basis in ('break-glass', 'data-subject') and g.valid_from <= s.at and g.valid_until > s.at) group by 1
  ), glass as (
    -- what was asked for counts, and not the grants: for one thing that is asked there may be two, and none
    select g.actor_id, r.id as record_id, r.home_id, g.asked_at, count(*) over w::int as n, min(g.asked_at) over w as since
    from app.outside_access g join app.record r on r.id = g.record_id
    where g.actor_id <> me and g.provider_id = mine and g.asked_at >= begins - interval '1 month' and g.asked_at < ends
      and app.sees_record(r.provider_id, r.home_id, r.id, r.kind, may_audit, away)
    window w as (partition by g.actor_id order by g.asked_at range between interval '1 month' preceding and current row)
  ), broke as (
    select distinct on (g.actor_id, date_trunc('month', g.asked_at at time zone 'Europe/London')) g.*, to_char(g.asked_at at time zone 'Europe/London', 'YYYY-MM') as month
    from glass g where g.n >= often and g.asked_at >= begins order by g.actor_id, date_trunc('month', g.asked_at at time zone 'Europe/London'), g.n desc, g.asked_at desc
  )
  select 'hours', format('hours:%s:%s', n.actor_id, n.day), n.actor_id, x.role, null::bigint, null::bigint, n.looks, n.refused, null::numeric, n.first_at, n.last_at, null::timestamptz, n.id
  from nights n cross join lateral (
    select min(h.role) as role, bool_or(h.role = any (shift_roles)) as shift from app.role_held h
    where h.actor_id = n.actor_id and h.from_at <= n.last_at and h.until_at > n.first_at and h.role <> all (not_staff)) x
  where x.role is not null and not x.shift
  union all
  select 'volume', format('volume:%s:%s', p.actor_id, p.day), p.actor_id, p.role, null, null, p.looks, p.refused, m.usual, p.first_at, p.last_at, null, p.id
  from posts p join middles m on m.role = p.role where p.looks >= floor_looks and p.looks > times * m.usual
  union all
  select 'surname', format('surname:%s:%s', k.actor_id, k.record_id), k.actor_id, '', k.record_id, r.home_id, k.looks, k.refused, null, k.first_at, k.last_at, null, k.id
  from alike k join app.record r on r.id = k.record_id join app.actor a on a.id = k.actor_id where app.surnames(r.name) && app.surnames(a.name)
    and not exists (select from app.grants g where g.actor_id = k.actor_id and g.basis = 'data-subject' and g.scope = 2 and g.scope_id = k.record_id)
  union all
  select 'left', format('left:%s:%s', e.actor_id, e.lay), e.actor_id, '', null, e.lay, e.looks, e.refused, null, e.first_at, e.last_at, e.since, e.id from after_end e
  union all
  select 'left', format('left:%s:every', e.actor_id), e.actor_id, '', null, null, e.looks, e.refused, null, e.first_at, e.last_at, e.since, e.id from after_wide e
  union all
  select 'outside', format('outside:%s:%s', b.actor_id, b.month), b.actor_id, '', b.record_id, b.home_id, b.n, 0, null, b.since, b.asked_at, null, l.id
  from broke b cross join lateral (select f.id from app.footprint f where f.actor_id = b.actor_id and f.record_id = b.record_id and f.at >= b.asked_at - interval '1 minute'
    and app.sees(f.provider_id, b.home_id, f.record_id, coalesce(f.document_id, 0), f.class, may_audit, away) and (f.class % 3 <> 2 or not app.about_me(f.record_id)) order by f.id desc limit 1) l;
end $$;
-- +goose StatementEnd
reset role;

-- +goose StatementBegin
-- Whether the actor audits all of the provider's content, at the provider itself: nobody else has the whole tree gone through.
create function app.audits_all() returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return coalesce(app.reach(64) @> int8range(app.my_provider() * 128, app.my_provider() * 128 + 15), false);
end $$;
-- +goose StatementEnd
-- The tree is read by Custodian itself, since it is one for all and holds what its auditors may not read. So the database refuses the footprint without which no check begins.
create policy checks on app.footprint as restrictive for insert to custodian_app with check (action <> 'footprints.checked' or outcome <> 'done' or app.audits_all());

-- +goose StatementBegin
do $$
declare f text;
begin
  foreach f in array array['outside_until(bigint, bigint, text, smallint)', 'may_ask_for(bigint, text, smallint)', 'asked_for(bigint, timestamptz, bigint, bigint)', 'looked(bigint, date, int)', 'told_look(bigint)',
      'audits_all()'] loop
    execute 'alter function app.' || f || ' owner to custodian_rule';
  end loop;
  -- those that are about somebody else, and those that ask nobody, are called by other functions of the rule alone
  foreach f in array array['outside_until(bigint, bigint, text, smallint)', 'asked_for(bigint, timestamptz, bigint, bigint)'] loop
    execute 'set local role custodian_rule'; -- whose functions they are: nobody else's revoke counts
    execute 'revoke all on function app.' || f || ' from public';
    execute 'reset role';
  end loop;
  -- and these, which were meant to be nobody's to call (00004, 00014, 00015, 00018), and whose revoking was not said by their owner
  foreach f in array array['move_roles(bigint)', 'timeline(bigint)', 'live_lodging(bigint)', 'advises(bigint, bigint)', 'shielded(bigint, bigint)', 'break_until(bigint, bigint)',
      'scim_last(bigint, text, text)', 'administrators(bigint, boolean)'] loop
    if to_regprocedure('app.' || f) is null then continue; end if;
    execute 'set local role custodian_rule';
    execute 'revoke all on function app.' || f || ' from public';
    execute 'reset role';
  end loop;
end $$;
-- +goose StatementEnd
