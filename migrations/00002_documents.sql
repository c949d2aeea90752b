-- +goose Up
-- What: documents, their immutable versions, what was decided and said about them, and when each was in force and known.

-- provider_id, home_id and latest_at are today's shelf (filled and kept by triggers) so that lists and policies need no join.
create table app.document (
  id bigint primary key default nextval('app.ids'),
  record_id bigint not null references app.record,
  provider_id bigint not null,
  home_id bigint,
  class smallint not null,
  kind text not null,
  needs_approval boolean not null,
  title text not null,
  created_at timestamptz not null,
  created_by bigint not null references app.actor,
  latest_at timestamptz not null,
  constraint document_id_fits check (id between 1 and 1::bigint << 55),
  constraint document_class_known check (class between 0 and 14),
  constraint document_kind_is_approved check (needs_approval or kind not in ('policy', 'statement-of-purpose')),
  constraint document_title_said check (length(title) between 1 and 200)
);
create index document_record on app.document (record_id, id);
create index document_home on app.document (home_id, latest_at desc, id desc);
create index document_provider on app.document (provider_id, latest_at desc, id desc);
create index document_latest on app.document (record_id, latest_at desc, id desc);

-- Content: never changes. wrapped_key is the data key under the record's key, bound to this row's facts (docs/design/sealed-objects.md).
create table app.version (
  id bigint primary key default nextval('app.ids'),
  document_id bigint not null references app.document,
  number int not null,
  sha256 bytea not null,
  size bigint not null,
  media_type text not null,
  file_name text not null,
  object_name text not null unique,
  wrapped_key bytea not null,
  author_id bigint not null references app.actor,
  source text not null default '',
  post_title text not null default '',
  event_at timestamptz,
  received_on date,
  recorded_at timestamptz not null,
  late_reason text not null default '',
  note text not null default '',
  review_on date,
  wanted_from timestamptz not null,
  wanted_to timestamptz not null default 'infinity',
  restored_from int,
  unique (document_id, number),
  constraint version_number_counts check (number >= 1),
  constraint version_hash_is_sha256 check (length(sha256) = 32),
  constraint version_not_empty check (size > 0),
  constraint version_period check (wanted_from < wanted_to)
);

create table app.decision (
  id bigint primary key default nextval('app.ids'),
  document_id bigint not null references app.document,
  version_id bigint not null references app.version,
  verdict text not null,
  by_actor bigint not null references app.actor,
  post_title text not null default '',
  note text not null default '',
  at timestamptz not null,
  constraint decision_known check (verdict in ('approved', 'returned'))
);
create unique index decision_approved_once on app.decision (version_id) where verdict = 'approved';
create index decision_of on app.decision (document_id);

-- What a person said: this version holds from here (to there); that date was wrong; the document is withdrawn from here (no version).
create table app.statement (
  id bigint primary key default nextval('app.ids'),
  document_id bigint not null references app.document,
  version_id bigint references app.version,
  kind text not null,
  in_from timestamptz not null,
  in_to timestamptz not null default 'infinity',
  why text not null default '',
  said_by bigint not null references app.actor,
  said_at timestamptz not null default clock_timestamp(),
  constraint statement_kind_known check (kind in ('told', 'corrected', 'withdrawn')),
  constraint statement_about check ((kind = 'withdrawn') = (version_id is null)),
  constraint statement_period check (in_from < in_to)
);
create index statement_of on app.statement (document_id, said_at);

-- What follows from all that was said: this version is in force over in_*, and the system said so over known_*.
-- The exclusion is the fence: two versions can never be in force and known at once. Reading goes by the plain index.
create table app.standing (
  document_id bigint not null references app.document,
  version_id bigint not null references app.version,
  in_from timestamptz not null,
  in_to timestamptz not null,
  known_from timestamptz not null,
  known_to timestamptz not null default 'infinity',
  constraint standing_in_force check (in_from < in_to),
  constraint standing_known check (known_from < known_to),
  constraint standing_one_truth exclude using gist (document_id with =, tstzrange(in_from, in_to) with &&, tstzrange(known_from, known_to) with &&)
);
create index standing_as_at on app.standing (document_id, in_from desc);

-- An object that is being stored: written before the first byte, gone in the transaction of the version. What stays behind is what a crash left, and
-- nothing else is ever swept from the store: not what another database speaks of, nor what was stored after a backup. Operational.
create table app.upload (
  object_name text primary key,
  begun_at timestamptz not null default now(),
  abandoned boolean not null default false
);
create index upload_age on app.upload (begun_at);

-- A request that may be repeated: what it was (fields and the file's SHA-256) and what came of it. Operational; kept for a week.
create table app.idempotency (
  actor_id bigint not null references app.actor,
  key_hash bytea not null,
  fingerprint bytea not null,
  document_id bigint not null,
  number int not null,
  at timestamptz not null default now(),
  primary key (actor_id, key_hash)
);
create index idempotency_age on app.idempotency (at);

-- +goose StatementBegin
-- The timeline that follows from everything said about a document so far. The last word on each version counts; a withdrawal ends, from its day on,
-- every version first told before it, and of withdrawals with no new version between them the last word counts too; where several versions cover an instant, the one with the latest start holds, and of equal starts the highest number.
create function app.timeline(about bigint) returns table (version_id bigint, in_from timestamptz, in_to timestamptz)
language sql stable set search_path = pg_catalog, app as $$
  with word as (
    select distinct on (s.version_id) s.version_id, v.number, s.in_from, s.in_to,
      (select min(f.said_at) from app.statement f where f.version_id = s.version_id and f.document_id = about) as told_at
    from app.statement s join app.version v on v.id = s.version_id
    where s.document_id = about and s.version_id is not null
    order by s.version_id, s.said_at desc
  ), gone as (
    select e.in_from, e.said_at from app.statement e
    where e.document_id = about and e.version_id is null and not exists (
      select from app.statement l where l.document_id = about and l.version_id is null and l.said_at > e.said_at
        and not exists (select from word w where w.told_at > e.said_at and w.told_at < l.said_at))
  ), cut as (
    select w.version_id, w.number, w.in_from,
      least(w.in_to, (select min(g.in_from) from gone g where g.said_at > w.told_at)) as in_to
    from word w
  ), edge as (
    select in_from as at from cut where in_from < in_to union select in_to from cut where in_from < in_to
  ), piece as (
    select at, lead(at) over (order by at) as until, row_number() over (order by at) as n,
      (select c.version_id from cut c where c.in_from <= edge.at and c.in_to > edge.at order by c.in_from desc, c.number desc limit 1) as version_id
    from edge
  ), run as (
    select p.*, p.n - row_number() over (partition by p.version_id order by p.at) as island from piece p where p.version_id is not null
  )
  select version_id, min(at), max(until) from run group by version_id, island
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- One speaker at a time about a document, and its clock never stands still or turns back: known periods cannot come out empty or reversed.
create function app.speak() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('document', new.document_id));
  new.said_at := greatest(clock_timestamp(), (select max(s.said_at) + interval '1 microsecond' from app.statement s where s.document_id = new.document_id));
  return new;
end $$;
-- +goose StatementEnd
create trigger speak before insert on app.statement for each row execute function app.speak();

-- +goose StatementBegin
-- Re-tells the standings of a document after a statement: beliefs that no longer follow are closed at that moment, the new ones begin at it.
-- Two statements, not one: in a single WITH the insert would run before the update and meet the exclusion.
create function app.retell() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  update app.standing s set known_to = new.said_at
  where s.document_id = new.document_id and s.known_to = 'infinity' and not exists (
    select from app.timeline(new.document_id) t where t.version_id = s.version_id and t.in_from = s.in_from and t.in_to = s.in_to);
  insert into app.standing (document_id, version_id, in_from, in_to, known_from)
  select new.document_id, t.version_id, t.in_from, t.in_to, new.said_at from app.timeline(new.document_id) t
  where not exists (
    select from app.standing s
    where s.document_id = new.document_id and s.known_to = 'infinity' and s.version_id = t.version_id and s.in_from = t.in_from and s.in_to = t.in_to);
  return null;
end $$;
-- +goose StatementEnd
create trigger retell after insert on app.statement for each row execute function app.retell();

-- +goose StatementBegin
-- A document lies where its record lies; what the writer says of it is not asked. The record is held until the end: it cannot move or close meanwhile.
create function app.shelve() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  select r.provider_id, r.home_id into new.provider_id, new.home_id from app.record r where r.id = new.record_id for share;
  return new;
end $$;
-- +goose StatementEnd
create trigger shelve before insert on app.document for each row execute function app.shelve();

-- +goose StatementBegin
create function app.renew() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  update app.document set latest_at = greatest(latest_at, new.recorded_at) where id = new.document_id;
  return null;
end $$;
-- +goose StatementEnd
create trigger renew after insert on app.version for each row execute function app.renew();

-- +goose StatementBegin
-- Where a record leaves from, and when it was told, is not the teller's to say.
create function app.depart() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  new.at := clock_timestamp();
  new.from_home_id := case when new.what = 'moved' then (select r.home_id from app.record r where r.id = new.record_id for update) end;
  return new;
end $$;
-- +goose StatementEnd
create trigger depart before insert on app.record_event for each row execute function app.depart();

-- +goose StatementBegin
-- Closing, reopening and moving change today's shelf. A move carries the documents, and the grants that hung on the old home end the same moment;
-- a member of staff who moves takes their roles along (ended at the old home, begun at the new one).
create function app.follow() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  if new.what = 'closed' then update app.record set open = false where id = new.record_id;
  elsif new.what = 'reopened' then update app.record set open = true where id = new.record_id;
  elsif new.what = 'moved' then
    update app.record set home_id = new.home_id where id = new.record_id;
    update app.document set home_id = new.home_id where record_id = new.record_id;
    update app.grants g set valid_until = greatest(g.valid_from, now())
    where g.through_home = new.from_home_id and g.valid_until > greatest(g.valid_from, now())
      and ((g.scope = 2 and g.scope_id = new.record_id) or (g.scope = 3 and g.scope_id in (select d.id from app.document d where d.record_id = new.record_id)));
    perform app.move_roles(new.id);
  end if;
  return null;
end $$;
-- +goose StatementEnd
create trigger follow after insert on app.record_event for each row execute function app.follow();

-- +goose StatementBegin
create function app.move_roles(event bigint) returns void language plpgsql security definer set search_path = pg_catalog, app as $$
declare e app.record_event; held app.role_held; fresh bigint; who bigint;
begin
  select * into e from app.record_event where id = event;
  select r.actor_id into who from app.record r where r.id = e.record_id;
  if who is null then return; end if;
  for held in select * from app.role_held h where h.actor_id = who and h.home_id = e.from_home_id and h.until_at > now() for update loop
    fresh := nextval('app.ids');
    insert into app.role_held (id, actor_id, role, provider_id, home_id, from_at, until_at, given_by, why)
    values (fresh, who, held.role, held.provider_id, e.home_id, greatest(held.from_at, now()), held.until_at, e.by_actor, e.why);
    insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, role_held_id, given_by, why, valid_from, valid_until)
    select g.actor_id, g.scope, e.home_id, g.mask, g.rights, g.basis, fresh, e.by_actor, g.why, greatest(g.valid_from, now()), g.valid_until
    from app.grants g where g.role_held_id = held.id and g.scope = 1 and g.valid_until > now();
    update app.role_held set until_at = greatest(from_at, now()) where id = held.id;
  end loop;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- A role that ends takes its grants along, and with the last role at a home go the grants that were given through that home (a key worker's).
create function app.role_ends() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
declare last timestamptz;
begin
  update app.grants g set valid_until = greatest(g.valid_from, new.until_at)
  where g.role_held_id = new.id and g.valid_until > greatest(g.valid_from, new.until_at);
  select greatest(now(), max(h.until_at)) into last from app.role_held h
  where h.actor_id = new.actor_id and h.home_id = new.home_id and h.from_at <= now() and h.until_at > h.from_at;
  last := coalesce(last, now());
  update app.grants g set valid_until = greatest(g.valid_from, last)
  where g.actor_id = new.actor_id and g.through_home = new.home_id and g.valid_until > greatest(g.valid_from, last);
  return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- A grant given through a home is for somebody who works there, on what lies there, and lasts no longer than their role.
create function app.entrust() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
declare role_ends timestamptz;
begin
  perform 1 from app.record r where r.id = new.scope_id and r.home_id = new.through_home for share;
  if not found or new.scope <> 2 then raise exception 'the record does not lie at that home' using errcode = '42501'; end if;
  select max(h.until_at) into role_ends from app.role_held h
  where h.actor_id = new.actor_id and h.home_id = new.through_home and h.from_at <= now() and h.until_at > now();
  if role_ends is null then raise exception 'no role at that home' using errcode = '42501'; end if;
  new.valid_until := least(new.valid_until, role_ends);
  return new;
end $$;
-- +goose StatementEnd
create trigger entrust before insert on app.grants for each row when (new.through_home is not null) execute function app.entrust();
create trigger role_ends after update on app.role_held for each row execute function app.role_ends();
