-- +goose Up
-- Who may see what: one rule, stated once, over one table of grants; every table that tells something about a record asks it.
-- A key names a place and a class of content: scope_id * 128 + scope * 16 + class. A grant covers a set of keys; a document lies at four of them.

-- Who acts: set once per transaction by the database door. Unset = nobody = sees nothing.
create function app.me() returns bigint language sql stable parallel safe
  return nullif(current_setting('app.actor', true), '')::bigint;

create function app.covers(scope smallint, scope_id bigint, mask int) returns int8multirange language sql immutable strict parallel safe
  return (select range_agg(int8range(scope_id * 128 + scope * 16 + c, scope_id * 128 + scope * 16 + c + 1)) from generate_series(0, 14) c where (mask >> c) & 1 = 1);
alter table app.grants add covers int8multirange generated always as (app.covers(scope, scope_id, mask)) stored;

-- +goose StatementBegin
-- The keys the actor holds at this statement (not at the transaction's beginning: what ended while it waited has ended) with all the rights in need. plpgsql, because a SQL function would be planned again by every query that calls it.
create function app.reach(need int) returns int8multirange language plpgsql stable security definer set search_path = pg_catalog, app parallel safe as $$
begin
  return (select coalesce(range_agg(g.covers), '{}') from app.grants g
    where g.actor_id = app.me() and g.valid_until > statement_timestamp() and g.valid_from <= statement_timestamp() and g.rights & need = need);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function app.shields() returns bigint[] language plpgsql stable security definer set search_path = pg_catalog, app parallel safe as $$
begin
  return (select coalesce(array_agg(s.record_id), '{}') from app.shield s
    where s.actor_id = app.me() and s.valid_until > statement_timestamp() and s.valid_from <= statement_timestamp());
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- The places at which the actor holds any of these rights: drives lists, one short index walk per place.
create function app.scopes(any_of int) returns table (scope smallint, scope_id bigint) language plpgsql stable security definer set search_path = pg_catalog, app rows 3 as $$
begin
  return query select distinct g.scope, g.scope_id from app.grants g
    where g.actor_id = app.me() and g.valid_until > statement_timestamp() and g.valid_from <= statement_timestamp() and g.rights & any_of <> 0;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- The actor's own live grants, for access.Decide.
create function app.my_grants() returns table (id bigint, scope smallint, scope_id bigint, mask int, rights int, basis text) language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return query select g.id, g.scope, g.scope_id, g.mask, g.rights, g.basis from app.grants g
    where g.actor_id = app.me() and g.valid_until > statement_timestamp() and g.valid_from <= statement_timestamp() order by g.id;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function app.my_provider() returns bigint language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return (select a.provider_id from app.actor a where a.id = app.me());
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function app.my_kind() returns text language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return (select a.kind from app.actor a where a.id = app.me());
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Who a token speaks for, while it is live. Anyone may ask, and must know the token's hash to be told.
create function app.bearer(token_hash bytea) returns table (token_id bigint, actor_id bigint, kind text, provider_id bigint) language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return query select t.id, a.id, a.kind, a.provider_id from app.token t join app.actor a on a.id = t.actor_id
    where t.hash = token_hash and t.expires_at > statement_timestamp() and t.revoked_at > statement_timestamp() and a.kind <> 'system';
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function app.lies_in(record bigint) returns bigint language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return (select r.home_id from app.record r where r.id = record);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Whether anything was ever put on a record, whoever may see it: then its key exists, and must not be made afresh.
create function app.has_content(record bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.version v join app.document d on d.id = v.document_id where d.record_id = record);
end $$;
-- +goose StatementEnd

-- The rule. Each argument that is a sub-select is used once and nothing here is volatile, so the planner inlines it; coalesce keeps its row estimate sane.
create function app.sees(provider_id bigint, home_id bigint, record_id bigint, document_id bigint, class smallint, reach int8multirange, shields bigint[])
returns boolean language sql immutable parallel safe
return coalesce(reach @> any (array[provider_id * 128 + class, home_id * 128 + 16 + class, record_id * 128 + 32 + class, document_id * 128 + 48 + class]) and record_id <> all (shields), false);

-- A record is seen by whoever holds any section of its kind at its provider, its home or itself. A home that is not there covers nothing: -1, since a range of nulls would be everything.
create function app.sees_record(provider_id bigint, home_id bigint, record_id bigint, kind smallint, reach int8multirange, shields bigint[])
returns boolean language sql immutable parallel safe
return coalesce(reach && any (array[
  int8range(provider_id * 128 + kind * 3, provider_id * 128 + kind * 3 + 3),
  int8range(coalesce(home_id, -1) * 128 + 16 + kind * 3, coalesce(home_id, -1) * 128 + 19 + kind * 3),
  int8range(record_id * 128 + 32 + kind * 3, record_id * 128 + 35 + kind * 3)]) and record_id <> all (shields), false);

-- Set-up and people at a home (or, where home is null, at the provider): the right to manage its staff files. Custodian itself sets up the first ones.
create function app.manages(provider_id bigint, home_id bigint, reach int8multirange)
returns boolean language sql stable
return coalesce(app.me() = 1 or reach @> any (array[provider_id * 128 + 3, home_id * 128 + 16 + 3]), false);

-- Footprints about no record (Custodian's own have no provider either: -1, since a range of nulls would be everything): seen by whoever audits anything at the home they belong to, or at the provider.
create function app.audits(provider_id bigint, home_id bigint, reach int8multirange)
returns boolean language sql immutable parallel safe
return coalesce(reach && any (array[int8range(coalesce(provider_id, -1) * 128, coalesce(provider_id, -1) * 128 + 16), int8range(coalesce(home_id, -1) * 128 + 16, coalesce(home_id, -1) * 128 + 32)]), false);

-- +goose StatementBegin
do $$
declare f text;
begin
  foreach f in array array['reach(int)', 'shields()', 'scopes(int)', 'my_grants()', 'my_provider()', 'my_kind()', 'bearer(bytea)', 'lies_in(bigint)', 'has_content(bigint)',
      'speak()', 'retell()', 'shelve()', 'renew()', 'depart()', 'follow()', 'move_roles(bigint)', 'role_ends()', 'entrust()', 'place_footprint()', 'timeline(bigint)'] loop
    execute 'alter function app.' || f || ' owner to custodian_rule';
  end loop;
  -- triggers need no grant to run; nobody calls these by hand
  foreach f in array array['speak()', 'retell()', 'shelve()', 'renew()', 'depart()', 'follow()', 'move_roles(bigint)', 'role_ends()', 'place_footprint()', 'timeline(bigint)'] loop
    execute 'revoke all on function app.' || f || ' from public';
  end loop;
end $$;
-- +goose StatementEnd
