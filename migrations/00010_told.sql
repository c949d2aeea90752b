-- +goose Up
-- What a group of a sign-in service gives ends with the group, also after a move; strangers are nobody else's people; and who is to manage a setting one
-- day is told to nobody before.

set local role custodian_rule; -- whose functions the first two are
-- +goose StatementBegin
-- As in 00002, with the mapping that a role came from: without it a role that was moved would be taken for one given by hand, and outlast the group.
create or replace function app.move_roles(event bigint) returns void language plpgsql security definer set search_path = pg_catalog, app as $$
declare e app.record_event; held app.role_held; fresh bigint; who bigint;
begin
  select * into e from app.record_event where id = event;
  select r.actor_id into who from app.record r where r.id = e.record_id;
  if who is null then return; end if;
  for held in select * from app.role_held h where h.actor_id = who and h.home_id = e.from_home_id and h.until_at > now() for update loop
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
-- As in 00009, but for roles that are still to begin: for a day ahead it tells who manages now and will then.
create or replace function app.managers_at(home bigint, from_at timestamptz, until_at timestamptz) returns table (actor_id bigint, name text, since timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, app rows 1 as $$
begin
  return query select a.id, a.name, min(h.from_at) from app.role_held h join app.actor a on a.id = h.actor_id
    where h.home_id = managers_at.home and h.role = 'manager' and a.kind = 'person' and h.from_at < managers_at.until_at and h.until_at > managers_at.from_at
      and h.from_at <= statement_timestamp()
      and app.reach(1) @> any (array[h.provider_id * 128 + 9, h.home_id * 128 + 16 + 9]) -- 9: the library's general section (internal/access)
    group by a.id, a.name order by min(h.from_at), a.id;
end $$;
-- +goose StatementEnd
reset role;

-- +goose StatementBegin
-- Whether somebody of a sign-in service has become known to another provider than the one that asks.
create function app.known_elsewhere(by_issuer text, by_subject text) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.actor a where a.issuer = by_issuer and a.subject = by_subject and a.provider_id is distinct from app.my_provider());
end $$;
-- +goose StatementEnd
alter function app.known_elsewhere(text, text) owner to custodian_rule;

-- a stranger is shown to the administrators of whoever has mapped a group of the same issuer, until another of them has taken the stranger in
drop policy sees on app.sign_in;
create policy sees on app.sign_in for select to custodian_app using (actor_id = (select app.me()) or app.manages(provider_id, null, (select app.reach(8)))
  or provider_id is null and exists (select from app.group_role g where g.issuer = sign_in.issuer and g.until_at > now()) and not app.known_elsewhere(issuer, subject));
