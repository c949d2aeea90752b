-- +goose Up
-- The tree of footprints: which place each committed footprint has, the hashes of the tree, and the checkpoints that were signed. Nothing here is ever changed.

-- Transaction ids begin again in a new cluster, so the order of footprints begins with an epoch: it is raised when a backup was restored. accepted: somebody
-- said that signing may go on although the database lacks what was signed before.
create table app.epoch (
  number int primary key,
  at timestamptz not null default clock_timestamp(),
  cluster bigint not null,
  why text not null,
  accepted boolean not null,
  constraint epoch_counts check (number > 0),
  constraint epoch_why_said check (length(why) between 1 and 2000)
);
insert into app.epoch (number, cluster, why, accepted) select 1, system_identifier, 'the beginning', true from pg_control_system();

-- One row a footprint. marks are the commitments of its leaf; hashes are those that x/mod's tlog stores with it: its own, and that of every perfect tree which
-- it completes. There is no foreign key: the rows are taken from footprint in the same transaction, and footprints stay.
create table app.leaf (
  place bigint primary key,
  footprint_id bigint not null,
  epoch int not null,
  xid xid8 not null,
  marks text not null,
  hashes bytea not null,
  constraint leaf_once unique (footprint_id),
  constraint leaf_from_nought check (place >= 0),
  constraint leaf_hashes_whole check (length(hashes) between 32 and 2048 and length(hashes) % 32 = 0)
);

create table app.checkpoint (
  id bigint primary key default nextval('app.ids'),
  epoch int not null references app.epoch,
  size bigint not null,
  root bytea not null,
  at timestamptz not null,
  note text not null,
  constraint checkpoint_once unique (epoch, size),
  constraint checkpoint_root_is_sha256 check (length(root) = 32),
  constraint checkpoint_of_something check (size > 0)
);

-- What a time-stamp service outside said of a checkpoint (RFC 3161).
create table app.time_stamp (
  checkpoint_id bigint primary key references app.checkpoint,
  at timestamptz not null default clock_timestamp(),
  token bytea not null
);

create type app.leaf_facts as (id bigint, at timestamptz, actor bigint, action text, outcome text, provider bigint, home bigint, record bigint, document bigint, version bigint, class smallint,
  request text, epoch int, xid bigint, name text, post text, record_name text, title text, sought text, detail text);

-- +goose StatementBegin
-- Where the tree ends: its size, and the last place in the order of taking.
create function app.tree_end() returns table (size bigint, epoch int, xid bigint, id bigint) language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return query select l.place + 1, l.epoch, l.xid::text::bigint, l.footprint_id from app.leaf l order by l.place desc limit 1;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- The next footprints in order that are settled: every transaction that could still put one before them has ended. For Custodian itself alone. Names stay out of
-- it: app.tree_names gives each once.
create function app.to_sequence(after_epoch int, after_xid bigint, after_id bigint, most int)
returns table (id bigint, at timestamptz, actor bigint, action text, outcome text, provider bigint, home bigint, record bigint, document bigint, version bigint, class smallint,
  request text, epoch int, xid bigint, sought text, detail text) language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  if app.me() is distinct from 1 then return; end if;
  return query select f.id, case when isfinite(f.at) then f.at else 'epoch' end, f.actor_id, f.action, f.outcome, f.provider_id, f.home_id, f.record_id, f.document_id, f.version_id, f.class, f.request, f.epoch, f.xid::text::bigint,
      f.sought, f.detail::text
    from app.footprint f where (f.epoch, f.xid, f.id) > (after_epoch, after_xid::text::xid8, after_id)
      and f.xid < pg_snapshot_xmin(pg_current_snapshot()) order by f.epoch, f.xid, f.id limit most;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- The names to which leaves commit: of actors (kind 0, with their posts), records (1) and documents (2). For Custodian itself alone.
create function app.tree_names(actors bigint[], records bigint[], documents bigint[]) returns table (kind int, id bigint, name text, post text)
language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  if app.me() is distinct from 1 then return; end if;
  return query select 0, a.id, coalesce(a.name, ''), coalesce(a.post_title, '') from app.actor a where a.id = any(actors)
    union all select 1, r.id, coalesce(r.name, ''), '' from app.record r where r.id = any(records)
    union all select 2, d.id, coalesce(d.title, ''), '' from app.document d where d.id = any(documents);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Footprints that have no place, whatever their order, after one of them.
create function app.outstanding(after_epoch int, after_xid bigint, after_id bigint, most int) returns setof app.leaf_facts
language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  if app.me() is distinct from 1 then return; end if;
  return query select f.id, case when isfinite(f.at) then f.at else 'epoch' end, f.actor_id, f.action, f.outcome, f.provider_id, f.home_id, f.record_id, f.document_id, f.version_id, f.class, f.request, f.epoch, f.xid::text::bigint,
      coalesce(a.name, ''), coalesce(a.post_title, ''), coalesce(r.name, ''), coalesce(d.title, ''), f.sought, f.detail::text
    from (select * from app.footprint n where (n.epoch, n.xid, n.id) > (after_epoch, after_xid::text::xid8, after_id)
        and not exists (select from app.leaf l where l.footprint_id = n.id) order by n.epoch, n.xid, n.id limit most) f
      left join app.actor a on a.id = f.actor_id left join app.record r on r.id = f.record_id left join app.document d on d.id = f.document_id
    order by f.epoch, f.xid, f.id;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- The leaves from a place on, beside the footprints as they stand now (there says whether one does).
create function app.sequenced(from_place bigint, most int) returns table (place bigint, footprint_id bigint, marks text, hashes bytea, there boolean, facts app.leaf_facts)
language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  if app.me() is distinct from 1 then return; end if;
  return query select l.place, l.footprint_id, l.marks, l.hashes, f.id is not null,
      row(f.id, case when isfinite(f.at) then f.at else 'epoch' end, f.actor_id, f.action, f.outcome, f.provider_id, f.home_id, f.record_id, f.document_id, f.version_id, f.class, f.request, f.epoch, f.xid::text::bigint,
        coalesce(a.name, ''), coalesce(a.post_title, ''), coalesce(r.name, ''), coalesce(d.title, ''), f.sought, f.detail::text)::app.leaf_facts
    from (select * from app.leaf n where n.place >= from_place order by n.place limit most) l
      left join app.footprint f on f.id = l.footprint_id
      left join app.actor a on a.id = f.actor_id left join app.record r on r.id = f.record_id left join app.document d on d.id = f.document_id
    order by l.place;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Whether a record may be given its first key for commitments: not when it ever had one.
create function app.never_keyed(record bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return not app.has_content(record)
    and not exists (select from app.footprint f join app.leaf l on l.footprint_id = f.id where f.record_id = never_keyed.record and l.marks like 'record%');
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- How far behind the tree is: since when the oldest footprint without a place waits.
create function app.tree_waits() returns timestamptz language plpgsql stable security definer set search_path = pg_catalog, app as $$
declare e record;
begin
  select * into e from app.tree_end();
  return (select f.at from app.footprint f where (f.epoch, f.xid, f.id) > (coalesce(e.epoch, 0), coalesce(e.xid, 0)::text::xid8, coalesce(e.id, 0)) order by f.epoch, f.xid, f.id limit 1);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- What stands at the foot of every page of somebody who is signed in.
create function app.newest_checkpoint() returns table (epoch int, size bigint, root bytea, at timestamptz) language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  if app.me() is null then return; end if;
  return query select c.epoch, c.size, c.root, c.at from app.checkpoint c order by c.epoch desc, c.size desc limit 1;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Lets every footprint that is being written be finished, and none begin, until the transaction ends: an epoch ends between two footprints. A lock that each
-- of them takes its share of, since whoever locks the table has to be allowed to change its rows.
create function app.hold_footprints() returns void language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  if app.me() is distinct from 1 then raise exception 'only Custodian itself holds footprints' using errcode = '42501'; end if;
  perform pg_advisory_xact_lock(hashtextextended('footprints', 0));
end $$;
-- +goose StatementEnd

-- A footprint belongs to the epoch that has begun, once nobody holds them. The rest is as in 00003; one trigger for all of it, since every look pays for each.
set local role custodian_rule;
-- +goose StatementBegin
create or replace function app.place_footprint() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('footprints', 0));
  new.at := clock_timestamp();
  new.xid := pg_current_xact_id();
  new.epoch := (select max(e.number) from app.epoch e);
  if new.version_id is not null then select v.document_id into new.document_id from app.version v where v.id = new.version_id; end if;
  if new.document_id is not null then
    select d.record_id, d.class into new.record_id, new.class from app.document d where d.id = new.document_id;
    if not found then new.document_id := null; end if;
  end if;
  if new.record_id is not null then
    select r.provider_id, r.home_id, coalesce(new.class, (r.kind * 3)::smallint) into new.provider_id, new.home_id, new.class from app.record r where r.id = new.record_id;
    if not found then new.record_id := null; end if;
  end if;
  if new.record_id is null then -- about no record: it belongs to the home it names, or to the actor's provider
    new.class := null;
    new.provider_id := (select a.provider_id from app.actor a where a.id = new.actor_id);
    if not exists (select from app.home h where h.id = new.home_id and h.provider_id = new.provider_id) then new.home_id := null; end if;
  end if;
  return new;
end $$;
-- +goose StatementEnd
reset role;

-- +goose StatementBegin
do $$
declare t text; f text;
begin
  foreach t in array array['epoch', 'leaf', 'checkpoint', 'time_stamp'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy rule_reads on app.%I for select to custodian_rule using (true)', t);
    execute format('grant select on app.%I to custodian_rule', t);
    execute format('grant select, insert on app.%I to custodian_app', t);
    execute format('create policy grows on app.%I for insert to custodian_app with check ((select app.me()) = 1)', t);
    execute format('create trigger keep before update or delete on app.%I for each row execute function app.append_only()', t);
    execute format('create trigger keep_all before truncate on app.%I for each statement execute function app.append_only()', t);
  end loop;
  foreach f in array array['tree_end()', 'to_sequence(int, bigint, bigint, int)', 'tree_names(bigint[], bigint[], bigint[])', 'outstanding(int, bigint, bigint, int)', 'sequenced(bigint, int)',
      'never_keyed(bigint)', 'tree_waits()', 'newest_checkpoint()', 'hold_footprints()'] loop
    execute 'alter function app.' || f || ' owner to custodian_rule';
  end loop;
end $$;
-- +goose StatementEnd
set local role custodian_rule; -- whose function it is now
revoke all on function app.hold_footprints() from public;
grant execute on function app.hold_footprints() to custodian_app;
reset role;
create policy sees on app.epoch for select to custodian_app using ((select app.me()) is not null);
create policy sees on app.leaf for select to custodian_app using ((select app.me()) = 1);
-- a checkpoint tells how many footprints there are: for whoever audits anything
create policy sees on app.checkpoint for select to custodian_app using ((select app.me()) = 1 or (select app.reach(64)) <> '{}');
create policy sees on app.time_stamp for select to custodian_app using ((select app.me()) = 1 or (select app.reach(64)) <> '{}');
