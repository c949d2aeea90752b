-- +goose Up
-- Who has looked: footprints by setting, document and time; in plain words for whoever the record is about; concerns about a look, which the one whom they are
-- about never sees; questions to whoever looked; and what is out of the ordinary. docs/design/looks.md says why.

-- An auditor's list is walked by provider or setting and time; where a record came from another setting, by the record.
create index footprint_provider on app.footprint (provider_id, at desc, id desc);
create index footprint_home on app.footprint (home_id, at desc, id desc) where home_id is not null;
create index footprint_document on app.footprint (document_id, id desc) where document_id is not null;
create index grants_break on app.grants (valid_from) where basis = 'break-glass';

-- Whether an act is a look, and not a change. Names are noun.verb; "opened" is a look at a version and a change to a record.
create function app.is_look(action text) returns boolean language sql immutable parallel safe
return split_part(action, '.', 2) in ('viewed', 'listed', 'asked-as-at', 'exported', 'sampled') or action = 'version.opened';

-- The last word of a name, without case, accents and apostrophes, and each part of it where it has a hyphen: "Zoë O’Neill-Šmith" is oneill and smith.
create function app.surnames(name text) returns text[] language sql immutable parallel safe
return string_to_array(regexp_replace(regexp_replace(lower(normalize(regexp_replace(regexp_replace(name, '\s+family\s*$', '', 'i'), '^.*\s', ''), nfkd)), '[\u0300-\u036f''’ʼ]', '', 'g'), '[‐‑‒–—-]+', '-', 'g'), '-');

-- +goose StatementBegin
-- The grants by which somebody could see a place at a moment, as they were then: by which role or other basis, and where that role was held. Internal.
create function app.ways(who bigint, moment timestamptz, provider bigint, home bigint, record bigint, document bigint, class smallint)
returns table (basis text, role text, role_home bigint) language plpgsql stable security definer set search_path = pg_catalog, app rows 2 as $$
begin
  return query select distinct g.basis, coalesce(h.role, ''), h.home_id
    from app.grants g left join app.role_held h on h.id = g.role_held_id
    where g.actor_id = who and g.valid_from <= moment and g.valid_until > moment and case
      when document is null then app.sees_record(provider, home, record, (class / 3)::smallint, g.covers::int8multirange, '{}')
      else app.sees(provider, home, record, document, class, g.covers, '{}') end;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Of footprints that the reader may see: which roles their actor held then ("role@setting"), by what they saw it, and whether the reader audits it or only
-- was there. A refusal of the reader's own tells them nothing of what it was about.
create function app.how_seen(footprints bigint[]) returns table (footprint_id bigint, audited boolean, roles text[], ways text[])
language plpgsql stable security definer set search_path = pg_catalog, app rows 50 as $$
declare may_audit int8multirange := app.reach(64); away bigint[] := app.shields(); me bigint := app.me();
begin
  return query select f.id, x.audited,
      (select array_agg(h.role || '@' || coalesce(s.name, '') order by h.id) from app.role_held h left join app.home s on s.id = h.home_id
        where h.actor_id = f.actor_id and h.from_at <= f.at and h.until_at > f.at),
      (select array_agg(w.basis || ':' || w.role || '@' || coalesce(s.name, '') order by w.basis desc, w.role)
        from app.ways(f.actor_id, f.at, f.provider_id, f.home_id, f.record_id, f.document_id, f.class) w left join app.home s on s.id = w.role_home
        where f.record_id is not null and f.outcome = 'done')
    from app.footprint f cross join lateral (select coalesce(case when f.record_id is null then app.audits(f.provider_id, f.home_id, may_audit)
        -- and what the policies of footprints say besides: the section where the document lies now, one's own file, and concerns
        else app.sees(f.provider_id, app.lies_in(f.record_id), f.record_id, coalesce(f.document_id, 0), f.class, may_audit, away)
          and (f.document_id is null or app.sees(f.provider_id, app.lies_in(f.record_id), f.record_id, f.document_id, app.class_now(f.document_id), may_audit, away))
          and (f.class % 3 <> 2 and coalesce(app.class_now(f.document_id), 0) % 3 <> 2 or not app.about_me(f.record_id)) end
        and case when starts_with(f.action, 'concern.') then app.knows_concern((f.detail ->> 'concern')::bigint)
          when starts_with(f.action, 'unusual.') then (f.detail ->> 'about')::bigint is distinct from me else true end, false) as audited) x
    where f.id = any (footprints) and (x.audited or f.actor_id = me) and (f.record_id is null or f.record_id <> all (away));
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- A record that the reader audits, whether or not they may read it: what an auditor is told of it.
create function app.audited_record(record bigint) returns table (kind smallint, home text) language plpgsql stable security definer set search_path = pg_catalog, app rows 1 as $$
begin
  return query select r.kind, coalesce(h.name, '') from app.record r left join app.home h on h.id = r.home_id
    where r.id = record and app.sees_record(r.provider_id, r.home_id, r.id, r.kind, app.reach(64), app.shields());
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function app.audited_document(document bigint) returns table (record_id bigint, kind smallint) language plpgsql stable security definer set search_path = pg_catalog, app rows 1 as $$
begin
  return query select d.record_id, (d.class / 3)::smallint from app.document d
    where d.id = document and app.sees(d.provider_id, d.home_id, d.record_id, d.id, d.class, app.reach(64), app.shields()) and (d.class % 3 <> 2 or not app.about_me(d.record_id));
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- What somebody may know of their own record's footprints, whose record it is: done, by others, of these kinds, and on what they themselves may read now. A
-- document that they may not read leaves no trace here. Internal.
create function app.told_subject(about bigint, before_at timestamptz) returns setof app.footprint language plpgsql stable security definer set search_path = pg_catalog, app rows 50 as $$
declare mine int8multirange;
begin
  select range_agg(g.covers) into mine from (select unnest(s.covers) as covers from app.grants s
    where s.actor_id = app.me() and s.basis = 'data-subject' and s.scope = 2 and s.scope_id = about and s.rights & 1 = 1
      and s.valid_from <= statement_timestamp() and s.valid_until > statement_timestamp()) g;
  if mine is null then return; end if;
  return query select f.* from app.footprint f left join app.document d on d.id = f.document_id
    where f.record_id = about and f.at < before_at and f.outcome = 'done' and f.actor_id <> app.me()
      and f.action in ('record.viewed', 'documents.listed', 'record.asked-as-at', 'document.viewed', 'version.opened', 'document.added', 'version.added', 'version.approved')
      and (f.document_id is not null) = (f.action in ('document.viewed', 'version.opened', 'document.added', 'version.added', 'version.approved'))
      and mine @> about * 128 + 32 + f.class and (d.id is null or mine @> about * 128 + 32 + d.class);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Whether somebody is who a record is about: they hold a grant to it as its data subject.
create function app.is_subject(record bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.grants g where g.actor_id = app.me() and g.basis = 'data-subject' and g.scope = 2 and g.scope_id = record and g.rights & 1 = 1
    and g.valid_from <= statement_timestamp() and g.valid_until > statement_timestamp());
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Who has looked, for whoever the record is about: by day, role and reason, of the last days before one on which anything was done. No name, no title.
create function app.looked(record bigint, before_day date, days int)
returns table (day date, act text, kind text, basis text, role text, near boolean, times int, footprint_id bigint)
language plpgsql stable security definer set search_path = pg_catalog, app rows 50 as $$
begin
  return query
  with told as (
    select f.*, (f.at at time zone 'Europe/London')::date as on_day from app.told_subject(record, before_day::timestamp at time zone 'Europe/London') f
  ), late as (
    select distinct t.on_day from told t order by t.on_day desc limit days
  ), seen as (
    select t.id, t.on_day, t.action, coalesce(d.kind, '') as kind, coalesce(w.basis, '') as basis, coalesce(w.role, '') as role, coalesce(w.role_home = t.home_id, false) as near
    from told t join late l on l.on_day = t.on_day left join app.document d on d.id = t.document_id
    left join lateral (
      select * from app.ways(t.actor_id, t.at, t.provider_id, t.home_id, t.record_id, t.document_id, t.class) w
      order by array_position(array['key-worker', 'role', 'inspector-pass', 'portal-link', 'break-glass'], w.basis), w.role_home is distinct from t.home_id, w.role limit 1
    ) w on true
  )
  select s.on_day, s.action, s.kind, s.basis, s.role, s.near, count(*)::int, max(s.id) from seen s
  group by s.on_day, s.action, s.kind, s.basis, s.role, s.near order by s.on_day desc, max(s.id) desc;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whether whoever a record is about may know of this footprint, and so raise a concern about it.
create function app.told_of(footprint bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.footprint f cross join lateral app.told_subject(f.record_id, 'infinity') t where f.id = footprint and f.record_id is not null and t.id = f.id);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- One look, as whoever the record is about is told of it.
create function app.told_look(footprint bigint) returns table (record_id bigint, day date, act text, kind text, basis text, role text, near boolean)
language plpgsql stable security definer set search_path = pg_catalog, app rows 1 as $$
begin
  return query select f.record_id, (f.at at time zone 'Europe/London')::date, f.action, coalesce(d.kind, ''), coalesce(w.basis, ''), coalesce(w.role, ''), coalesce(w.role_home = f.home_id, false)
    from app.footprint f left join app.document d on d.id = f.document_id
    left join lateral (
      select * from app.ways(f.actor_id, f.at, f.provider_id, f.home_id, f.record_id, f.document_id, f.class) w
      order by array_position(array['key-worker', 'role', 'inspector-pass', 'portal-link', 'break-glass'], w.basis), w.role_home is distinct from f.home_id, w.role limit 1
    ) w on true
    where f.id = footprint and app.told_of(footprint);
end $$;
-- +goose StatementEnd

-- A concern about a footprint: place, class and whom it is about are filled from the footprint, and to whom it goes is settled when it is raised.
create table app.concern (
  id bigint primary key default nextval('app.ids'),
  footprint_id bigint not null references app.footprint,
  provider_id bigint not null references app.provider,
  home_id bigint references app.home,
  record_id bigint references app.record,
  document_id bigint references app.document,
  class smallint,
  about_actor bigint not null references app.actor,
  raised_by bigint not null references app.actor,
  wanted text not null,
  goes_to text not null,
  words text not null,
  at timestamptz not null default clock_timestamp(),
  constraint concern_goes_known check (wanted in ('manager', 'responsible-individual', 'data-protection-officer') and goes_to in ('manager', 'responsible-individual', 'data-protection-officer')),
  constraint concern_words_said check (length(words) between 1 and 4000)
);
create index concern_provider on app.concern (provider_id, id desc);
create index concern_raised on app.concern (raised_by, id desc);
create index concern_footprint on app.concern (footprint_id);

create table app.concern_event (
  id bigint primary key default nextval('app.ids'),
  concern_id bigint not null references app.concern,
  what text not null,
  goes_to text,
  outcome text,
  words text not null default '',
  by_actor bigint not null references app.actor,
  at timestamptz not null default clock_timestamp(),
  constraint concern_event_known check (what in ('seen', 'answered', 'passed-on', 'closed')),
  constraint concern_event_goes check ((what = 'passed-on') = (goes_to is not null) and goes_to in ('manager', 'responsible-individual', 'data-protection-officer')),
  constraint concern_event_outcome check ((what = 'closed') = (outcome is not null) and outcome in ('in-role', 'spoken-to', 'access-changed', 'breach', 'other')),
  constraint concern_event_words_said check (length(words) <= 4000 and (what = 'seen' or length(words) > 0))
);
create index concern_event_of on app.concern_event (concern_id, id);
create unique index concern_event_closed_once on app.concern_event (concern_id) where what = 'closed';
create unique index concern_event_seen_once on app.concern_event (concern_id, by_actor) where what = 'seen';

-- A question to whoever looked, and the answer: of a sample, or of anything in the list.
create table app.look_question (
  id bigint primary key default nextval('app.ids'),
  footprint_id bigint not null references app.footprint,
  about_actor bigint not null references app.actor,
  asked_by bigint not null references app.actor,
  words text not null default '',
  at timestamptz not null default clock_timestamp(),
  constraint look_question_short check (length(words) <= 2000),
  constraint look_question_once unique (footprint_id, asked_by)
);
create index look_question_about on app.look_question (about_actor, id desc);
create index look_question_by on app.look_question (asked_by, id desc);
create table app.look_answer (
  question_id bigint primary key references app.look_question,
  by_actor bigint not null references app.actor,
  words text not null,
  at timestamptz not null default clock_timestamp(),
  constraint look_answer_words_said check (length(words) between 1 and 4000)
);

-- Something out of the ordinary that somebody has looked into. key names it: the same acts give the same key each time they are found.
create table app.looked_into (
  id bigint primary key default nextval('app.ids'),
  key text not null,
  footprint_id bigint not null references app.footprint,
  about_actor bigint not null references app.actor,
  outcome text not null,
  words text not null,
  by_actor bigint not null references app.actor,
  at timestamptz not null default clock_timestamp(),
  constraint looked_into_key_short check (key ~ '^(hours|volume|surname|left|outside):[0-9]+(:[0-9-]+)?$' and length(key) <= 80),
  constraint looked_into_outcome_known check (outcome in ('in-role', 'spoken-to', 'access-changed', 'breach', 'other')),
  constraint looked_into_words_said check (length(words) between 1 and 2000)
);
create index looked_into_key on app.looked_into (key, id desc);

-- +goose StatementBegin
-- Whether a person other than one holds a way by which concerns are dealt with at a place: the setting's manager, or past them. Internal.
create function app.deals(route text, who bigint, other_than bigint, provider bigint, home bigint, class smallint) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.grants g join app.actor a on a.id = g.actor_id and a.kind = 'person'
    where (g.scope = 0 and g.scope_id = provider or route = 'manager' and g.scope = 1 and g.scope_id = home)
      and g.valid_from <= statement_timestamp() and g.valid_until > statement_timestamp() and (class is null or g.mask >> class & 1 = 1)
      and case route when 'manager' then g.rights & 72 = 72 when 'responsible-individual' then g.rights & 68 = 68 when 'data-protection-officer' then g.rights & 96 = 96 end
      and (who is null or g.actor_id = who) and (other_than is null or g.actor_id <> other_than));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- To whom a concern goes: to whom it was sent, unless the one it is about deals with concerns there, or nobody else does. Then past them. Internal.
create function app.goes_to(wanted text, about bigint, provider bigint, home bigint, class smallint) returns text
language plpgsql stable security definer set search_path = pg_catalog, app as $$
declare r text;
begin
  foreach r in array array[wanted, 'responsible-individual', 'data-protection-officer', 'manager'] loop
    if not app.deals(r, about, null, provider, home, class) and app.deals(r, null, about, provider, home, class) then return r; end if;
  end loop;
  foreach r in array array[wanted, 'responsible-individual', 'data-protection-officer', 'manager'] loop
    if app.deals(r, null, about, provider, home, class) then return r; end if;
  end loop;
  return wanted;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function app.place_concern() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  select coalesce(f.provider_id, a.provider_id), case when f.record_id is null then f.home_id else r.home_id end, f.record_id, f.document_id, f.class, f.actor_id
  into new.provider_id, new.home_id, new.record_id, new.document_id, new.class, new.about_actor
  from app.footprint f join app.actor a on a.id = f.actor_id left join app.record r on r.id = f.record_id where f.id = new.footprint_id;
  new.at := clock_timestamp();
  new.goes_to := app.goes_to(new.wanted, new.about_actor, new.provider_id, new.home_id, new.class);
  return new;
end $$;
-- +goose StatementEnd
create trigger place before insert on app.concern for each row execute function app.place_concern();
-- +goose StatementBegin
-- Whether the reader deals with a concern: it goes or was passed on to them, is not about them, its record is not shielded from them, and it is not about what
-- is restricted in their own file.
create function app.handles(concern bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
declare c app.concern;
begin
  select * into c from app.concern x where x.id = concern;
  if not found or c.about_actor = app.me() or c.record_id = any (app.shields())
    or (c.class % 3 = 2 or app.class_now(c.document_id) % 3 = 2) and app.about_me(c.record_id) then return false; end if;
  return exists (select from (select c.goes_to as route union select e.goes_to from app.concern_event e where e.concern_id = c.id and e.what = 'passed-on') x
    where app.deals(x.route, app.me(), null, c.provider_id, coalesce(app.lies_in(c.record_id), c.home_id), c.class));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whether the reader raised a concern or deals with it. For the policy of footprints, which cannot ask the table: its own policy asks footprints.
create function app.knows_concern(concern bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return app.handles(concern) or exists (select from app.concern c where c.id = concern and c.raised_by = app.me());
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- After its end nothing is added to a concern; and it is never passed on to the one it is about.
create function app.follow_concern() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
declare c app.concern;
begin
  perform pg_advisory_xact_lock(hashtextextended('concern', new.concern_id));
  select * into c from app.concern x where x.id = new.concern_id;
  if exists (select from app.concern_event e where e.concern_id = new.concern_id and e.what = 'closed') then
    raise exception 'the concern is closed' using errcode = '23514', constraint = 'concern_event_after_end';
  end if;
  if new.what = 'passed-on' and app.goes_to(new.goes_to, c.about_actor, c.provider_id, c.home_id, c.class) <> new.goes_to then
    raise exception 'nobody there may deal with this concern' using errcode = '23514', constraint = 'concern_event_to_nobody';
  end if;
  new.at := clock_timestamp();
  return new;
end $$;
-- +goose StatementEnd
create trigger follow before insert on app.concern_event for each row execute function app.follow_concern();
-- +goose StatementBegin
-- Whom a question or a mark is about is whoever left the footprint, whatever the writer says.
create function app.about_footprint() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  new.about_actor := (select f.actor_id from app.footprint f where f.id = new.footprint_id);
  new.at := clock_timestamp();
  return new;
end $$;
-- +goose StatementEnd
create trigger about before insert on app.look_question for each row execute function app.about_footprint();
create trigger about before insert on app.looked_into for each row execute function app.about_footprint();

-- +goose StatementBegin
-- Looks drawn at random among those at records that the reader audits and did not leave themselves: the same seed draws the same ones.
create function app.draw(from_at timestamptz, until_at timestamptz, upto bigint, seed bigint, most int) returns table (id bigint)
language plpgsql stable security definer set search_path = pg_catalog, app rows 20 as $$
declare may_audit int8multirange := app.reach(64); away bigint[] := app.shields(); me bigint := app.me(); mine bigint := app.my_provider();
begin
  return query select f.id from app.footprint f join app.record r on r.id = f.record_id join app.actor a on a.id = f.actor_id and a.kind = 'person'
    left join app.document d on d.id = f.document_id
    where f.provider_id = mine and f.at >= from_at and f.at < until_at and f.id <= upto and f.outcome = 'done' and f.actor_id <> me and app.is_look(f.action)
      and app.sees(r.provider_id, r.home_id, r.id, coalesce(f.document_id, 0), f.class, may_audit, away)
      -- as the policies of footprints
      and (d.id is null or app.sees(r.provider_id, r.home_id, r.id, d.id, d.class, may_audit, away))
      and (f.class % 3 <> 2 and coalesce(d.class, 0) % 3 <> 2 or r.actor_id is distinct from me)
      and not starts_with(f.action, 'concern.') and not starts_with(f.action, 'unusual.')
    order by hashint8extended(f.id, seed), f.id limit most;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- What is out of the ordinary in a period, among looks at records that the reader audits and did not leave themselves. The rules and their figures are the
-- caller's (internal/looks). usual is the middle of what the same role looked at on a day.
create function app.unusual(begins timestamptz, ends timestamptz, opens time, shuts time, floor_looks int, times numeric, shift_roles text[], not_staff text[], often int)
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
    select distinct h.actor_id, h.home_id from app.role_held h where h.provider_id = mine and h.home_id is not null and h.from_at < h.until_at and h.until_at < ends
  ), after_end as (
    select s.actor_id, s.lay, count(*)::int as looks, count(*) filter (where s.outcome = 'refused')::int as refused, min(s.at) as first_at, max(s.at) as last_at, max(s.id) as id, max(x.since) as since
    from ended e join seen s on s.actor_id = e.actor_id and s.lay = e.home_id
    cross join lateral (select max(h.until_at) as since, bool_or(h.until_at > s.at) as live from app.role_held h where h.actor_id = s.actor_id and h.home_id = s.lay and h.from_at <= s.at and h.from_at < h.until_at) x
    where x.since <= s.at and not x.live group by 1, 2
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
  select 'outside', format('outside:%s:%s', b.actor_id, b.month), b.actor_id, '', b.record_id, b.home_id, b.n, 0, null, b.since, b.asked_at, null, l.id
  from broke b cross join lateral (select f.id from app.footprint f where f.actor_id = b.actor_id and f.record_id = b.record_id and f.at >= b.asked_at - interval '1 minute'
    and app.sees(f.provider_id, b.home_id, f.record_id, coalesce(f.document_id, 0), f.class, may_audit, away) and (f.class % 3 <> 2 or not app.about_me(f.record_id)) order by f.id desc limit 1) l;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['concern', 'concern_event', 'look_question', 'look_answer', 'looked_into'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy rule_reads on app.%I for select to custodian_rule using (true)', t);
    execute format('grant select on app.%I to custodian_rule', t);
    execute format('grant select, insert on app.%I to custodian_app', t);
    execute format('create trigger keep before update or delete on app.%I for each row execute function app.append_only()', t);
    execute format('create trigger keep_all before truncate on app.%I for each statement execute function app.append_only()', t);
  end loop;
  foreach t in array array['ways(bigint, timestamptz, bigint, bigint, bigint, bigint, smallint)', 'how_seen(bigint[])', 'audited_record(bigint)', 'audited_document(bigint)', 'told_subject(bigint, timestamptz)',
      'is_subject(bigint)', 'looked(bigint, date, int)', 'told_of(bigint)', 'told_look(bigint)', 'deals(text, bigint, bigint, bigint, bigint, smallint)', 'goes_to(text, bigint, bigint, bigint, smallint)', 'place_concern()',
      'handles(bigint)', 'knows_concern(bigint)', 'follow_concern()', 'about_footprint()', 'draw(timestamptz, timestamptz, bigint, bigint, int)',
      'unusual(timestamptz, timestamptz, time, time, int, numeric, text[], text[], int)'] loop
    execute 'alter function app.' || t || ' owner to custodian_rule';
  end loop;
  -- nobody calls these by hand: who holds which way at which place is told to nobody
  foreach t in array array['ways(bigint, timestamptz, bigint, bigint, bigint, bigint, smallint)', 'told_subject(bigint, timestamptz)', 'deals(text, bigint, bigint, bigint, bigint, smallint)',
      'goes_to(text, bigint, bigint, bigint, smallint)', 'place_concern()', 'follow_concern()', 'about_footprint()'] loop
    execute 'set local role custodian_rule';
    execute 'revoke all on function app.' || t || ' from public';
    execute 'reset role';
  end loop;
end $$;
-- +goose StatementEnd

create policy sees on app.concern for select to custodian_app using (raised_by = (select app.me()) or provider_id = (select app.my_provider()) and app.handles(id));
create policy raises on app.concern for insert to custodian_app with check (raised_by = app.me() and app.my_kind() = 'person'
  and (exists (select from app.footprint f where f.id = footprint_id) or app.told_of(footprint_id)));
create policy sees on app.concern_event for select to custodian_app using (exists (select from app.concern c where c.id = concern_id));
create policy deals on app.concern_event for insert to custodian_app with check (by_actor = app.me() and app.my_kind() = 'person' and app.handles(concern_id));

-- whoever looked sees their own footprint, and so what they are asked about it
create policy sees on app.look_question for select to custodian_app using (exists (select from app.footprint f where f.id = footprint_id));
create policy asks on app.look_question for insert to custodian_app with check (asked_by = app.me() and app.my_kind() = 'person'
  and exists (select from app.footprint f where f.id = footprint_id and f.actor_id <> app.me()));
create policy sees on app.look_answer for select to custodian_app using (exists (select from app.look_question q where q.id = question_id));
create policy answers on app.look_answer for insert to custodian_app with check (by_actor = app.me()
  and exists (select from app.look_question q where q.id = question_id and q.about_actor = app.me()));

-- what is said about somebody's looks is not for them
create policy sees on app.looked_into for select to custodian_app using (about_actor <> (select app.me()) and exists (select from app.footprint f where f.id = footprint_id));
create policy marks on app.looked_into for insert to custodian_app with check (by_actor = app.me() and app.my_kind() = 'person'
  and exists (select from app.footprint f where f.id = footprint_id and f.actor_id <> app.me()));

-- The footprints of what is done about a concern are seen by whoever sees the concern: they would tell the one it is about who raised it. So are those of
-- looking into somebody's looks.
create policy concerns on app.footprint as restrictive for select to custodian_app using (case
  when starts_with(action, 'concern.') then actor_id = (select app.me()) or app.knows_concern((detail ->> 'concern')::bigint)
  when starts_with(action, 'unusual.') then actor_id = (select app.me()) or (detail ->> 'about')::bigint is distinct from (select app.me())
  else true end);
