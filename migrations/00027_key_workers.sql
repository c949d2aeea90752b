-- +goose Up
-- A key worker cares for somebody at the setting: a visitor, an inspector or whoever else has a role there does not, and is given no file as if they did.

set local role custodian_rule; -- whose functions they are
-- +goose StatementBegin
-- As in 00013; a key worker's grant hangs on a role of those who care for people there.
create or replace function app.entrust() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
declare role_ends timestamptz;
begin
  perform 1 from app.record r where r.id = new.scope_id and r.home_id = new.through_home for share;
  if not found or new.scope <> 2 then raise exception 'the record does not lie at that home' using errcode = '42501'; end if;
  select max(h.until_at) into role_ends from app.role_held h
  where h.actor_id = new.actor_id and h.home_id = new.through_home and h.record_id is null and (new.basis <> 'inspector-pass' or h.role = 'inspector') and (new.basis <> 'key-worker' or h.role in ('staff', 'shift-lead', 'manager'))
    and h.from_at <= greatest(now(), new.valid_from) and h.until_at > greatest(now(), new.valid_from);
  if role_ends is null then raise exception 'no role at that home' using errcode = '42501'; end if;
  new.valid_until := least(new.valid_until, role_ends);
  return new;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00013; and a key worker's grant ends with the last of those roles.
create or replace function app.role_ends() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
declare last timestamptz; inspects timestamptz; cares timestamptz;
begin
  update app.grants g set valid_until = greatest(g.valid_from, new.until_at)
  where g.role_held_id = new.id and g.valid_until > greatest(g.valid_from, new.until_at);
  insert into app.role_ending (role_held_id, by_actor, why) select d.id, coalesce(app.me(), 1), 'The role that it was handed on from has ended' from app.role_held d
    where d.delegated_from = new.id and d.until_at > greatest(d.from_at, new.until_at) on conflict do nothing;
  update app.role_held d set until_at = greatest(d.from_at, new.until_at) where d.delegated_from = new.id and d.until_at > greatest(d.from_at, new.until_at);
  select coalesce(greatest(now(), max(h.until_at)), now()), coalesce(greatest(now(), max(h.until_at) filter (where h.role = 'inspector')), now()),
    coalesce(greatest(now(), max(h.until_at) filter (where h.role in ('staff', 'shift-lead', 'manager'))), now()) into last, inspects, cares from app.role_held h
  where h.actor_id = new.actor_id and h.home_id = new.home_id and h.record_id is null and h.from_at <= now() and h.until_at > h.from_at;
  insert into app.grant_ending (grant_id, by_actor, how) select g.id, coalesce(app.me(), 1), 'role-ended' from app.grants g
    where g.actor_id = new.actor_id and g.through_home = new.home_id and g.valid_until > greatest(g.valid_from, case g.basis when 'inspector-pass' then inspects when 'key-worker' then cares else last end) on conflict do nothing;
  update app.grants g set valid_until = greatest(g.valid_from, case g.basis when 'inspector-pass' then inspects when 'key-worker' then cares else last end)
  where g.actor_id = new.actor_id and g.through_home = new.home_id and g.valid_until > greatest(g.valid_from, case g.basis when 'inspector-pass' then inspects when 'key-worker' then cares else last end);
  return null;
end $$;
-- +goose StatementEnd
reset role;
