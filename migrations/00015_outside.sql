-- +goose Up
-- Access outside one's role, with a reason that everybody sees; and the shield: who may not see a record, whatever their grants say.

-- Whoever asks, and for what. provider_id, kind, asked_at and the letter are filled in from the truth, not from the writer.
create table app.outside_access (
  id bigint primary key default nextval('app.ids'),
  provider_id bigint not null references app.provider,
  record_id bigint not null references app.record,
  kind smallint not null,
  actor_id bigint not null references app.actor,
  reason text not null,
  colleague text not null default '', -- for whom oversight is given
  words text not null default '', -- the technical issue, the emergency, or another reason
  section smallint not null, -- the closest that is asked for; the looser ones come with it
  wanted text not null,
  asked_at timestamptz not null,
  grant_id bigint unique references app.grants deferrable initially deferred, -- the 24 hours; none where only the longer time is asked for
  letter text not null,
  constraint outside_reason_known check (reason in ('audit', 'oversight', 'support', 'emergency', 'other')),
  constraint outside_colleague_said check ((reason = 'oversight') = (length(colleague) between 1 and 200)),
  constraint outside_words_said check ((reason in ('support', 'emergency', 'other')) = (length(words) between 1 and 1000)),
  constraint outside_section_known check (section between 0 and 2),
  constraint outside_restricted_for check (section < 2 or reason in ('audit', 'emergency')),
  constraint outside_wanted_known check (wanted in ('day', 'fortnight', 'half-year')),
  constraint outside_day_has_grant check (wanted <> 'day' or grant_id is not null)
);
create index outside_access_record on app.outside_access (record_id, id desc);
create index outside_access_actor on app.outside_access (actor_id, id desc);
create index outside_access_provider on app.outside_access (provider_id, id desc);

-- Two weeks or six months: a manager says yes or no, once.
create table app.outside_decision (
  access_id bigint primary key references app.outside_access,
  approved boolean not null,
  by_actor bigint not null references app.actor,
  at timestamptz not null default clock_timestamp(),
  why text not null,
  grant_id bigint unique references app.grants deferrable initially deferred,
  constraint outside_decision_gives check (approved = (grant_id is not null)),
  constraint outside_decision_why_said check (length(why) between 1 and 200)
);

-- Ended before its time, or taken back before it began.
create table app.outside_ending (
  access_id bigint primary key references app.outside_access,
  by_actor bigint not null references app.actor,
  at timestamptz not null default clock_timestamp(),
  why text not null,
  constraint outside_ending_why_said check (length(why) between 1 and 200)
);

-- What stands on the record: the letter to the young person or family, written with the first grant; and what oversight came to.
create table app.outside_note (
  id bigint primary key default nextval('app.ids'),
  access_id bigint not null references app.outside_access,
  record_id bigint not null references app.record,
  actor_id bigint not null references app.actor,
  at timestamptz not null default clock_timestamp(),
  kind text not null,
  reason text not null default 'oversight',
  letter text not null default '',
  discussion text not null default '',
  analysis text not null default '',
  direction text not null default '',
  actions text not null default '',
  constraint outside_note_known check (kind in ('letter', 'oversight')),
  constraint outside_note_said check (kind = 'letter' and letter <> '' and discussion || analysis || direction || actions = ''
    or kind = 'oversight' and letter = '' and length(discussion) between 1 and 5000 and length(analysis) between 1 and 5000
      and length(direction) between 1 and 5000 and length(actions) between 1 and 5000)
);
create unique index outside_note_letter on app.outside_note (access_id) where kind = 'letter';
create index outside_note_record on app.outside_note (record_id, id desc);
create index outside_note_access on app.outside_note (access_id);

-- Level 1 is whoever manages the record; what they escalate, somebody for the whole provider judges.
create table app.outside_review (
  access_id bigint not null references app.outside_access,
  level smallint not null,
  verdict text not null,
  why text not null,
  by_actor bigint not null references app.actor,
  at timestamptz not null default clock_timestamp(),
  primary key (access_id, level),
  constraint outside_review_level check (level between 1 and 2),
  constraint outside_review_verdict check (verdict = 'accepted' or level = 1 and verdict = 'escalated' or level = 2 and verdict = 'wrong'),
  constraint outside_review_why_said check (length(why) between 1 and 1000)
);

-- Everybody but those named: who may see a record at all.
create table app.circle (
  id bigint primary key default nextval('app.ids'),
  record_id bigint not null references app.record,
  ground text not null,
  why text not null,
  given_by bigint not null references app.actor,
  valid_from timestamptz not null,
  valid_until timestamptz not null default 'infinity',
  constraint circle_ground_known check (ground in ('family', 'high-profile', 'case-review', 'other')),
  constraint circle_why_said check (length(why) between 1 and 200),
  constraint circle_period check (valid_from <= valid_until),
  constraint circle_once exclude using gist (record_id with =, tstzrange(valid_from, valid_until) with &&)
);
create table app.circle_member (
  id bigint primary key default nextval('app.ids'),
  circle_id bigint not null references app.circle,
  actor_id bigint not null references app.actor,
  why text not null,
  given_by bigint not null references app.actor,
  valid_from timestamptz not null,
  valid_until timestamptz not null default 'infinity',
  constraint circle_member_why_said check (length(why) between 1 and 200),
  constraint circle_member_period check (valid_from <= valid_until),
  constraint circle_member_once exclude using gist (circle_id with =, actor_id with =, tstzrange(valid_from, valid_until) with &&)
);

-- A relative or friend, declared by somebody who works here: by a record's number, by name and kind, or in words.
create table app.relative (
  id bigint primary key default nextval('app.ids'),
  actor_id bigint not null references app.actor,
  at timestamptz not null default clock_timestamp(),
  relation text not null,
  number bigint,
  name text not null default '',
  kind smallint,
  words text not null default '',
  constraint relative_relation_said check (length(relation) between 1 and 200),
  constraint relative_one_way check ((number is not null)::int + (name <> '')::int + (words <> '')::int = 1),
  constraint relative_name_of_kind check ((name <> '') = (kind is not null) and length(name) <= 200 and length(words) <= 1000)
);
create index relative_of on app.relative (actor_id, id);
create index relative_named on app.relative (lower(name)) where name <> '';
create index record_named on app.record (provider_id, kind, lower(name));
-- What a manager did about it.
create table app.relative_act (
  id bigint primary key default nextval('app.ids'),
  relative_id bigint not null references app.relative,
  what text not null,
  why text not null,
  by_actor bigint not null references app.actor,
  at timestamptz not null default clock_timestamp(),
  constraint relative_act_known check (what in ('noted', 'shielded', 'withdrawn')),
  constraint relative_act_why_said check (length(why) between 1 and 200)
);
create index relative_act_of on app.relative_act (relative_id);
create unique index relative_act_withdrawn on app.relative_act (relative_id) where what = 'withdrawn';

alter table app.shield add relative_id bigint references app.relative, add ground text not null default 'family',
  add constraint shield_ground_known check (ground in ('family', 'high-profile', 'case-review', 'other')),
  add constraint shield_why_said check (length(why) between 1 and 200);
create index shield_record on app.shield (record_id);
create index shield_relative on app.shield (relative_id) where relative_id is not null;
create table app.shield_ending (
  id bigint primary key default nextval('app.ids'),
  shield_id bigint unique references app.shield,
  circle_id bigint unique references app.circle,
  member_id bigint unique references app.circle_member,
  by_actor bigint not null references app.actor,
  at timestamptz not null default clock_timestamp(),
  why text not null,
  constraint shield_ending_of_one check (num_nonnulls(shield_id, circle_id, member_id) = 1),
  constraint shield_ending_why_said check (length(why) between 1 and 200)
);

-- whoever writes it, a grant outside a role has this shape: it reads one record, and ends within half a year
alter table app.grants add constraint grants_outside_shape check (basis <> 'break-glass'
  or scope = 2 and rights = 1 and role_held_id is null and through_home is null and valid_until - valid_from <= interval '184 days');

-- The shields of an actor: the records they personally must not see, and those that only others may.
set local role custodian_rule; -- whose function it is
-- +goose StatementBegin
create or replace function app.shields() returns bigint[] language plpgsql stable security definer set search_path = pg_catalog, app parallel safe as $$
begin
  return (select coalesce(array_agg(x.record_id), '{}') from (
    select s.record_id from app.shield s
      where s.actor_id = app.me() and s.valid_until > statement_timestamp() and s.valid_from <= statement_timestamp()
    union all
    select c.record_id from app.circle c
      where c.valid_until > statement_timestamp() and c.valid_from <= statement_timestamp() and app.me() <> 1 and not exists (
        select from app.circle_member m where m.circle_id = c.id and m.actor_id = app.me()
          and m.valid_until > statement_timestamp() and m.valid_from <= statement_timestamp())) x);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00013, and by a circle that they were not in.
create or replace function app.shielded_within(who bigint, record bigint, from_at timestamptz, until_at timestamptz) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.shield s where s.actor_id = who and s.record_id = record and s.valid_from < shielded_within.until_at and s.valid_until > shielded_within.from_at)
    or who <> 1 and exists (select from app.circle c where c.record_id = record and c.valid_from < shielded_within.until_at and c.valid_until > shielded_within.from_at
      and not exists (select from app.circle_member m where m.circle_id = c.id and m.actor_id = who
        and m.valid_from <= greatest(c.valid_from, shielded_within.from_at) and m.valid_until >= least(c.valid_until, shielded_within.until_at)));
end $$;
-- +goose StatementEnd
reset role;
create index circle_live on app.circle (valid_until);

-- +goose StatementBegin
-- Those of them that are about the actor alone: whoever looks after shields looks after those of a circle that they are not in.
create function app.own_shields() returns bigint[] language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return (select coalesce(array_agg(s.record_id), '{}') from app.shield s
    where s.actor_id = app.me() and s.valid_until > statement_timestamp() and s.valid_from <= statement_timestamp());
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function app.shielded(who bigint, record bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.shield s where s.actor_id = who and s.record_id = record and s.valid_until > statement_timestamp() and s.valid_from <= statement_timestamp())
    or who <> 1 and exists (select from app.circle c where c.record_id = record and c.valid_until > statement_timestamp() and c.valid_from <= statement_timestamp() and not exists (
      select from app.circle_member m where m.circle_id = c.id and m.actor_id = who and m.valid_until > statement_timestamp() and m.valid_from <= statement_timestamp()));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Who answers for a record across the whole provider: approves or discloses there (responsible individual, data protection officer).
create function app.answers_wide(record bigint, shields bigint[]) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.record r join app.grants g on g.scope = 0 and g.scope_id = r.provider_id
    where r.id = record and r.id <> all (shields) and g.actor_id = app.me() and g.valid_until > statement_timestamp() and g.valid_from <= statement_timestamp()
      and g.rights & 36 <> 0 and g.mask & (7 << (r.kind * 3)) <> 0);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Who answers for a record: whoever manages it, or answers for it across the provider.
create function app.answers_for(record bigint, shields bigint[]) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return app.answers_wide(record, shields)
    or exists (select from app.record r where r.id = record and app.sees_record(r.provider_id, r.home_id, r.id, r.kind, app.reach(8), shields));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Who looks after somebody's work: whoever manages the staff of a place where they have a role.
create function app.manages_person(who bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return who <> app.me() and exists (select from app.role_held h
    where h.actor_id = who and h.until_at > statement_timestamp() and h.from_at <= statement_timestamp() and app.manages(h.provider_id, h.home_id, app.reach(8)));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Until when at the latest somebody may be given access to a record outside their role: as long as they may ask for it. Null: not at all. Files of staff
-- are for those whose right to ask is about staff; a library is about nobody, and needs no such way.
create function app.break_until(who bigint, record bigint) returns timestamptz language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return (select max(g.valid_until) from app.record r join app.actor a on a.provider_id = r.provider_id join app.grants g on g.actor_id = a.id
    where r.id = record and a.id = who and a.kind = 'person' and r.kind <> 3 and g.rights & 128 <> 0 and (r.kind <> 1 or g.mask & (7 << 3) <> 0)
      and g.valid_until > statement_timestamp() and g.valid_from <= statement_timestamp() and not app.shielded(who, record));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function app.may_break(record bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return app.break_until(app.me(), record) is not null;
end $$;
-- +goose StatementEnd

-- The sections up to the one that is asked for, as a grant's mask.
create function app.outside_mask(kind smallint, section smallint) returns int language sql immutable
  return ((1 << (section + 1)) - 1) << (kind * 3);

-- +goose StatementBegin
-- Whether a grant is the one that was asked for, or that a manager approved: by whom, on which record, for which content, and not longer.
create function app.outside_allows(grant_id bigint, who bigint, record bigint, mask int, valid_from timestamptz, valid_until timestamptz)
returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (
    select from app.outside_access a join app.record r on r.id = a.record_id left join app.outside_decision d on d.access_id = a.id
    where a.actor_id = who and a.record_id = record and outside_allows.mask = app.outside_mask(r.kind, a.section)
      and outside_allows.valid_from between statement_timestamp() - interval '1 minute' and statement_timestamp()
      and outside_allows.valid_until <= app.break_until(who, record)
      and not exists (select from app.outside_ending e where e.access_id = a.id)
      and (a.grant_id = outside_allows.grant_id and who = app.me() and outside_allows.valid_until <= outside_allows.valid_from + interval '24 hours'
        or d.grant_id = outside_allows.grant_id and d.by_actor = app.me() and who <> app.me() and outside_allows.valid_until <= outside_allows.valid_from
          + case a.wanted when 'fortnight' then interval '14 days' when 'half-year' then interval '6 months' else interval '0' end));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Until when at the latest, and for which content, what was asked for can be given.
create function app.outside_bounds(access bigint) returns table (until_at timestamptz, mask int) language plpgsql stable security definer set search_path = pg_catalog, app rows 1 as $$
begin
  return query select app.break_until(a.actor_id, a.record_id), app.outside_mask(a.kind, a.section) from app.outside_access a
    where a.id = access and (a.actor_id = app.me() or app.answers_for(a.record_id, app.shields())) and app.break_until(a.actor_id, a.record_id) is not null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function app.outside_runs(access bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.outside_access a left join app.outside_decision d on d.access_id = a.id join app.grants g on g.id in (a.grant_id, d.grant_id)
    where a.id = access and g.valid_until > statement_timestamp());
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whether somebody else escalated it; the one it is about is told no. A function, because a policy may not ask its own table.
create function app.escalated_to_me(access bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.outside_review e where e.access_id = access and e.level = 1 and e.verdict = 'escalated' and e.by_actor <> app.me())
    and not exists (select from app.outside_access a where a.id = access and a.actor_id = app.me());
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- The record that somebody means who may ask for access outside their role, by its number or by name and kind. Whoever may not ask, and whoever means one
-- that they must not see, is told nothing; the latter leaves the footprint of a refusal on that record.
create function app.outside_record(by_number bigint, by_name text, of_kind smallint, request text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, app as $$
declare r app.record; found_id bigint; n int := 0;
begin
  for r in select * from app.record x where x.id = by_number and x.provider_id = app.my_provider()
      union all select * from app.record x where by_number is null and x.provider_id = app.my_provider() and x.kind = of_kind and lower(x.name) = lower(by_name) loop
    if app.may_break(r.id) then
      found_id := r.id; n := n + 1;
    elsif app.shielded(app.me(), r.id) then
      insert into app.footprint (actor_id, action, outcome, record_id, sought, request) values (app.me(), 'outside-access.begun', 'refused', r.id, 'record ' || r.id, outside_record.request);
    end if;
  end loop;
  return case when n = 1 then found_id end;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- How a record is called, for those who look after its shields and may not see it.
create function app.shield_file(record bigint) returns table (name text, kind smallint, home text) language plpgsql stable security definer set search_path = pg_catalog, app rows 1 as $$
begin
  return query select r.name, r.kind, coalesce(h.name, '') from app.record r left join app.home h on h.id = r.home_id
    where r.id = record and app.answers_for(r.id, app.own_shields());
end $$;
-- +goose StatementEnd

-- The letter to whom the record is about, in the words of the guidance on digital footprints. It is made here, so that nobody leaves anything out.
create function app.outside_letter(name text, reason text, colleague text, words text) returns text language sql immutable
  return name || ' I have accessed your file for the purpose of ' || case reason
    when 'audit' then 'audit or moderation.'
    when 'oversight' then 'ad hoc management oversight as ' || rtrim(colleague, '. ') || ' is unavailable.'
    when 'support' then 'providing support in relation to ' || rtrim(words, '. ') || ' to help resolve this.'
    when 'emergency' then 'keeping somebody safe in an emergency: ' || rtrim(words, '. ') || '.'
    else rtrim(words, '. ') || '.' end;

-- +goose StatementBegin
create function app.outside_begin() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  new.asked_at := clock_timestamp();
  select r.provider_id, r.kind, app.outside_letter(r.name, new.reason, new.colleague, new.words) into new.provider_id, new.kind, new.letter from app.record r where r.id = new.record_id;
  return new;
end $$;
-- +goose StatementEnd
create trigger begin before insert on app.outside_access for each row execute function app.outside_begin();
-- +goose StatementBegin
-- With the first grant the letter stands on the record.
create function app.outside_tell() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  insert into app.outside_note (access_id, record_id, actor_id, kind, reason, letter)
    select a.id, a.record_id, a.actor_id, 'letter', a.reason, a.letter from app.outside_access a left join app.outside_decision d on d.access_id = a.id
    where new.id in (a.grant_id, d.grant_id)
    on conflict do nothing;
  return null;
end $$;
-- +goose StatementEnd
create trigger outside_tell after insert on app.grants for each row when (new.basis = 'break-glass') execute function app.outside_tell();
-- +goose StatementBegin
create function app.outside_end() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  update app.grants g set valid_until = greatest(g.valid_from, now()) from app.outside_access a left join app.outside_decision d on d.access_id = a.id
    where a.id = new.access_id and g.id in (a.grant_id, d.grant_id) and g.valid_until > now();
  return null;
end $$;
-- +goose StatementEnd
create trigger ends after insert on app.outside_ending for each row execute function app.outside_end();
-- +goose StatementBegin
-- What somebody was given outside their role ends at the latest with their right to ask for it: with the last role that has it.
create function app.break_ends() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  -- a grant on a staff file (classes 3 to 5) wants a right to ask that covers staff files; the last of the others does for the rest, and where none is left it ends now
  with due as (
    select g.id, greatest(g.valid_from, now(), (select max(b.valid_until) from app.grants b where b.actor_id = g.actor_id and b.rights & 128 <> 0
      and b.valid_from <= now() and b.valid_until > now() and (g.mask & (7 << 3) = 0 or b.mask & (7 << 3) <> 0))) as at
    from app.grants g where g.actor_id = new.actor_id and g.basis = 'break-glass' and g.valid_until > now()
  ), told as (
    insert into app.grant_ending (grant_id, by_actor, how) select g.id, coalesce(app.me(), 1), 'role-ended'
    from due d join app.grants g on g.id = d.id where g.valid_until > d.at on conflict do nothing
  )
  update app.grants g set valid_until = d.at from due d where g.id = d.id and g.valid_until > d.at;
  return null;
end $$;
-- +goose StatementEnd
create trigger break_ends after update of valid_until on app.grants for each row when (old.rights & 128 <> 0) execute function app.break_ends();

-- +goose StatementBegin
-- From that moment on the records that are meant are not shown to whoever declared it.
create function app.relative_shields() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  insert into app.shield (actor_id, record_id, ground, why, given_by, valid_from, relative_id)
    select new.actor_id, r.id, 'family', 'declared: ' || left(new.relation, 180), new.actor_id, now(), new.id
    from app.record r join app.actor a on a.provider_id = r.provider_id
    where a.id = new.actor_id and r.kind <> 3 and (r.id = new.number or r.kind = new.kind and lower(r.name) = lower(new.name));
  return null;
end $$;
-- +goose StatementEnd
create trigger shields after insert on app.relative for each row execute function app.relative_shields();
-- +goose StatementBegin
-- Somebody who was declared by name and comes later.
create function app.record_shields() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  insert into app.shield (actor_id, record_id, ground, why, given_by, valid_from, relative_id)
    select d.actor_id, new.id, 'family', 'declared: ' || left(d.relation, 180), d.actor_id, now(), d.id
    from app.relative d join app.actor a on a.id = d.actor_id
    where d.name <> '' and lower(d.name) = lower(new.name) and d.kind = new.kind and a.provider_id = new.provider_id
      and not exists (select from app.relative_act x where x.relative_id = d.id and x.what = 'withdrawn');
  return null;
end $$;
-- +goose StatementEnd
create trigger shields after insert on app.record for each row execute function app.record_shields();
-- +goose StatementBegin
create function app.relative_withdrawn() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  update app.shield set valid_until = greatest(valid_from, now()) where relative_id = new.relative_id and valid_until > now();
  return null;
end $$;
-- +goose StatementEnd
create trigger ends after insert on app.relative_act for each row when (new.what = 'withdrawn') execute function app.relative_withdrawn();
-- +goose StatementBegin
-- Whoever draws a circle is in it.
create function app.circle_begins() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  insert into app.circle_member (circle_id, actor_id, why, given_by, valid_from) values (new.id, new.given_by, 'set the shield', new.given_by, new.valid_from);
  return null;
end $$;
-- +goose StatementEnd
create trigger begins after insert on app.circle for each row execute function app.circle_begins();
-- +goose StatementBegin
create function app.shield_ends() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  update app.shield set valid_until = greatest(valid_from, now()) where id = new.shield_id and valid_until > now();
  update app.circle set valid_until = greatest(valid_from, now()) where id = new.circle_id and valid_until > now();
  update app.circle_member set valid_until = greatest(valid_from, now()) where id = new.member_id and valid_until > now();
  return null;
end $$;
-- +goose StatementEnd
create trigger ends after insert on app.shield_ending for each row execute function app.shield_ends();
-- +goose StatementBegin
-- A refusal on a record that is shielded from whoever tried says so, to those who audit it.
create function app.mark_shielded() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  if app.shielded(new.actor_id, new.record_id) then new.detail := new.detail || '{"shielded": true}'; end if;
  return new;
end $$;
-- +goose StatementEnd
-- after "place", which finds the record
create trigger place_shield before insert on app.footprint for each row when (new.outcome = 'refused' and new.record_id is not null) execute function app.mark_shielded();

-- +goose StatementBegin
do $$
declare f text; t text;
begin
  foreach f in array array['own_shields()', 'shielded(bigint, bigint)', 'answers_wide(bigint, bigint[])', 'answers_for(bigint, bigint[])',
      'manages_person(bigint)', 'break_until(bigint, bigint)', 'may_break(bigint)', 'outside_allows(bigint, bigint, bigint, int, timestamptz, timestamptz)', 'outside_runs(bigint)', 'outside_bounds(bigint)', 'escalated_to_me(bigint)',
      'outside_record(bigint, text, smallint, text)', 'shield_file(bigint)', 'outside_begin()', 'outside_tell()', 'outside_end()', 'break_ends()', 'relative_shields()',
      'record_shields()', 'relative_withdrawn()', 'circle_begins()', 'shield_ends()', 'mark_shielded()'] loop
    execute 'alter function app.' || f || ' owner to custodian_rule';
  end loop;
  -- those of triggers, and those that tell of somebody else, are nobody's to call
  foreach f in array array['shielded(bigint, bigint)', 'break_until(bigint, bigint)', 'outside_begin()', 'outside_tell()', 'outside_end()', 'break_ends()', 'relative_shields()',
      'record_shields()', 'relative_withdrawn()', 'circle_begins()', 'shield_ends()', 'mark_shielded()'] loop
    execute 'revoke all on function app.' || f || ' from public';
  end loop;
  foreach t in array array['outside_access', 'outside_decision', 'outside_ending', 'outside_note', 'outside_review', 'circle', 'circle_member', 'relative', 'relative_act', 'shield_ending'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy rule_reads on app.%I for select to custodian_rule using (true)', t);
    execute format('grant select on app.%I to custodian_rule', t);
    execute format('grant select, insert on app.%I to custodian_app', t);
    execute format('create trigger keep_all before truncate on app.%I for each statement execute function app.append_only()', t);
    if t in ('circle', 'circle_member') then
      execute format('create trigger keep before update on app.%I for each row execute function app.closes_only(''valid_until'')', t);
      execute format('create trigger keep_rows before delete on app.%I for each row execute function app.append_only()', t);
    else
      execute format('create trigger keep before update or delete on app.%I for each row execute function app.append_only()', t);
    end if;
  end loop;
  foreach t in array array['outside_note', 'shield', 'circle_member', 'footprint'] loop
    execute format('grant insert on app.%I to custodian_rule', t);
    execute format('create policy rule_adds on app.%I for insert to custodian_rule with check (true)', t);
  end loop;
  foreach t in array array['shield', 'circle', 'circle_member'] loop
    execute format('grant update (valid_until) on app.%I to custodian_rule', t);
    execute format('create policy rule_ends on app.%I for update to custodian_rule using (true)', t);
  end loop;
end $$;
-- +goose StatementEnd

-- one's own, unless the record has been shielded since; those who answer for the record; those who audit it
create policy sees on app.outside_access for select to custodian_app using (actor_id = (select app.me()) and record_id <> all ((select app.shields())::bigint[])
  or app.sees_record(provider_id, app.lies_in(record_id), record_id, kind, (select app.reach(8)), (select app.shields()))
  or app.sees_record(provider_id, app.lies_in(record_id), record_id, kind, (select app.reach(64)), (select app.shields()))
  or app.answers_wide(record_id, (select app.shields())));
create policy asks on app.outside_access for insert to custodian_app with check (actor_id = app.me() and app.my_kind() = 'person' and app.may_break(record_id));
create policy breaks on app.grants for insert to custodian_app with check (basis = 'break-glass' and given_by = app.me()
  and app.outside_allows(id, actor_id, scope_id, mask, valid_from, valid_until));
create policy sees_outside on app.grants for select to custodian_app using (basis = 'break-glass' and exists (
  select from app.outside_access a left join app.outside_decision d on d.access_id = a.id
  where a.record_id = grants.scope_id and a.actor_id = grants.actor_id and grants.id in (a.grant_id, d.grant_id)));
create policy sees on app.outside_decision for select to custodian_app using (exists (select from app.outside_access a where a.id = access_id));
create policy decides on app.outside_decision for insert to custodian_app with check (by_actor = app.me() and app.my_kind() = 'person' and exists (
  select from app.outside_access a where a.id = access_id and a.actor_id <> app.me() and a.wanted <> 'day' and app.answers_for(a.record_id, (select app.shields()))
    and not exists (select from app.outside_ending e where e.access_id = a.id)));
create policy sees on app.outside_ending for select to custodian_app using (exists (select from app.outside_access a where a.id = access_id));
create policy ends on app.outside_ending for insert to custodian_app with check (by_actor = app.me() and exists (
  select from app.outside_access a where a.id = access_id and (a.actor_id = app.me() or app.answers_for(a.record_id, (select app.shields())))));
-- on the record's general section: whoever reads that reads the note
create policy sees on app.outside_note for select to custodian_app using (exists (select from app.outside_access a where a.id = access_id) or exists (
  select from app.record r where r.id = record_id and app.sees(r.provider_id, r.home_id, r.id, 0, (r.kind * 3)::smallint, (select app.reach(1)), (select app.shields()))));
create policy tells on app.outside_note for insert to custodian_app with check (kind = 'oversight' and actor_id = app.me() and exists (
  select from app.outside_access a where a.id = access_id and a.actor_id = app.me() and a.record_id = outside_note.record_id and a.reason = 'oversight'));
-- nobody is told of what is escalated about them
create policy sees on app.outside_review for select to custodian_app using (exists (
  select from app.outside_access a where a.id = access_id and (a.actor_id <> (select app.me()) or verdict = 'accepted' and level = 1)));
create policy reviews on app.outside_review for insert to custodian_app with check (by_actor = app.me() and app.my_kind() = 'person' and exists (
  select from app.outside_access a where a.id = access_id and a.actor_id <> app.me()
    and (level = 1 and app.answers_for(a.record_id, (select app.shields()))
        and (verdict <> 'accepted' or not app.outside_runs(a.id) and (a.reason <> 'oversight' or exists (select from app.outside_note n where n.access_id = a.id and n.kind = 'oversight')))
      or level = 2 and app.answers_wide(a.record_id, (select app.shields()))
        and app.escalated_to_me(a.id))));

-- whom a record is shielded from is not told to them, and is theirs neither to begin nor to end
drop policy sees on app.shield;
create policy sees on app.shield for select to custodian_app using ((select app.me()) = 1 or actor_id <> (select app.me()) and app.answers_for(record_id, (select app.own_shields())));
drop policy gives on app.shield;
create policy gives on app.shield for insert to custodian_app with check (given_by = app.me() and (app.me() = 1 or actor_id <> app.me() and app.answers_for(record_id, (select app.own_shields()))
  and exists (select from app.actor a where a.id = actor_id)
  and (relative_id is null or exists (select from app.relative d where d.id = relative_id and d.actor_id = shield.actor_id and app.manages_person(d.actor_id)))));
create policy sees on app.circle for select to custodian_app using (app.answers_for(record_id, (select app.own_shields())));
create policy gives on app.circle for insert to custodian_app with check (given_by = app.me() and app.my_kind() = 'person' and app.answers_for(record_id, (select app.shields())));
create policy sees on app.circle_member for select to custodian_app using (exists (select from app.circle c where c.id = circle_id));
create policy gives on app.circle_member for insert to custodian_app with check (given_by = app.me() and actor_id <> app.me()
  and exists (select from app.circle c where c.id = circle_id) and exists (select from app.actor a where a.id = actor_id));
create policy sees on app.shield_ending for select to custodian_app using (exists (select from app.shield s where s.id = shield_id)
  or exists (select from app.circle c where c.id = circle_id) or exists (select from app.circle_member m where m.id = member_id));
create policy ends on app.shield_ending for insert to custodian_app with check (by_actor = app.me() and (exists (select from app.shield s where s.id = shield_id and s.relative_id is null)
  or exists (select from app.circle c where c.id = circle_id) or exists (select from app.circle_member m where m.id = member_id)));

create policy sees on app.relative for select to custodian_app using (actor_id = (select app.me()) or app.manages_person(actor_id));
create policy declares on app.relative for insert to custodian_app with check (actor_id = app.me() and app.my_kind() = 'person');
-- of what a manager did, whoever declared it is told that it was withdrawn, and nothing that says whether there is a record
create policy sees on app.relative_act for select to custodian_app using (exists (
  select from app.relative d where d.id = relative_id and (d.actor_id <> (select app.me()) or what = 'withdrawn')));
create policy does on app.relative_act for insert to custodian_app with check (by_actor = app.me() and app.my_kind() = 'person' and exists (
  select from app.relative d where d.id = relative_id and app.manages_person(d.actor_id)));

-- footprints about a record that is shielded from the reader are not shown to them, their own included: a refusal must not tell what it refused
create policy not_shielded on app.footprint as restrictive for select to custodian_app using (record_id is null or record_id <> all ((select app.shields())::bigint[]));
