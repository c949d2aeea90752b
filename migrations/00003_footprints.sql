-- +goose Up
-- Footprints: one row for every look, change and refusal, written in the transaction of the act and never touched again.
-- epoch, xid and id give the order in which a sequencer will take committed rows; provider, home, record and class are filled from the truth, not from the writer.
create table app.footprint (
  id bigint primary key default nextval('app.ids'),
  at timestamptz not null default clock_timestamp(),
  actor_id bigint not null references app.actor,
  action text not null,
  outcome text not null,
  provider_id bigint,
  home_id bigint,
  record_id bigint,
  document_id bigint,
  version_id bigint,
  class smallint,
  sought text not null default '',
  detail jsonb not null default '{}',
  request text not null default '',
  epoch int not null default 1,
  xid xid8 not null default pg_current_xact_id(),
  constraint footprint_outcome_known check (outcome in ('done', 'refused', 'damaged')),
  constraint footprint_action_named check (action ~ '^[a-z-]+\.[a-z-]+$'),
  constraint footprint_short check (length(sought) <= 200 and length(request) <= 64 and pg_column_size(detail) <= 4000)
);
create index footprint_record on app.footprint (record_id, id desc);
create index footprint_actor on app.footprint (actor_id, id desc);
create index footprint_settle on app.footprint (epoch, xid, id);

-- +goose StatementBegin
create function app.place_footprint() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  new.at := clock_timestamp();
  new.xid := pg_current_xact_id();
  new.epoch := 1;
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
create trigger place before insert on app.footprint for each row execute function app.place_footprint();

-- +goose StatementBegin
create function app.append_only() returns trigger language plpgsql as $$
begin
  raise exception '% is kept for ever: rows of % may not be changed', tg_table_name, tg_table_name using errcode = '42501';
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- The one change a told truth allows: it stops being what is believed.
create function app.closes_only() returns trigger language plpgsql as $$
declare was jsonb := to_jsonb(old) - tg_argv[0] - 'covers'; is_now jsonb := to_jsonb(new) - tg_argv[0] - 'covers'; -- covers is generated: not yet set here
  ended text := to_jsonb(old) ->> tg_argv[0]; ends text := to_jsonb(new) ->> tg_argv[0];
begin
  if was is distinct from is_now or ends = 'infinity' or ends::timestamptz < now() or (ended <> 'infinity' and ends::timestamptz > ended::timestamptz) then
    raise exception '% is kept for ever: only % may be set, to a moment that is not past and not later than before', tg_table_name, tg_argv[0] using errcode = '42501';
  end if;
  return new;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Today's shelf may be re-laid; what a thing is may not.
create function app.shelf_only() returns trigger language plpgsql as $$
declare moved text[] := array['home_id', 'open', 'latest_at'];
begin
  if to_jsonb(old) - moved is distinct from to_jsonb(new) - moved then
    raise exception '% is kept for ever: only its shelf may change', tg_table_name using errcode = '42501';
  end if;
  return new;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['provider', 'home', 'actor', 'record_event', 'version', 'decision', 'statement', 'footprint'] loop
    execute format('create trigger keep before update or delete on app.%I for each row execute function app.append_only()', t);
  end loop;
  foreach t in array array['record', 'document'] loop
    execute format('create trigger keep before update on app.%I for each row execute function app.shelf_only()', t);
    execute format('create trigger keep_rows before delete on app.%I for each row execute function app.append_only()', t);
  end loop;
  foreach t in array array['role_held:until_at', 'grants:valid_until', 'shield:valid_until', 'token:revoked_at', 'standing:known_to'] loop
    execute format('create trigger keep before update on app.%I for each row execute function app.closes_only(%L)', split_part(t, ':', 1), split_part(t, ':', 2));
    execute format('create trigger keep_rows before delete on app.%I for each row execute function app.append_only()', split_part(t, ':', 1));
  end loop;
  for t in select tablename from pg_tables where schemaname = 'app' and tablename not in ('schema_version', 'token_use', 'idempotency', 'upload') loop
    execute format('create trigger keep_all before truncate on app.%I for each statement execute function app.append_only()', t);
  end loop;
end $$;
-- +goose StatementEnd
