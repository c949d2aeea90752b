-- +goose Up
-- What an attack on the running portal found.

set local role custodian_rule; -- whose functions they are
-- +goose StatementBegin
-- As in 00014; and a record that they read as its data subject, whatever else they are here: what is restricted in it is kept from them.
create or replace function app.about_me(record bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app parallel safe as $$
begin
  return exists (select from app.record r where r.id = record and r.actor_id = app.me()) or app.is_subject(record);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00024; a parent's no ends what the same parent had said.
create or replace function app.consent_refused() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  insert into app.consent_ending (consent_id, by_actor, how, why) select c.id, new.recorded_by, 'withdrawn', new.evidence from app.consent c
    where c.record_id = new.record_id and c.purpose = new.purpose and c.capacity = new.capacity and (new.capacity <> 'parent' or lower(btrim(c.who)) = lower(btrim(new.who)))
      and c.until_at > greatest(c.from_at, now()) on conflict do nothing;
  update app.consent c set until_at = greatest(c.from_at, now())
    where c.record_id = new.record_id and c.purpose = new.purpose and c.capacity = new.capacity and (new.capacity <> 'parent' or lower(btrim(c.who)) = lower(btrim(new.who)))
      and c.until_at > greatest(c.from_at, now());
  if new.capacity = 'young-person' and new.purpose = 'visitor-44' then perform app.overrule(new.record_id, new.recorded_by); end if;
  return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00024; whoever takes back what they said takes back all of it, however often it was written down.
create or replace function app.consent_withdrawn() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
declare said app.consent;
begin
  select * into said from app.consent c where c.id = new.consent_id;
  insert into app.consent_ending (consent_id, by_actor, how, why) select c.id, new.by_actor, 'withdrawn', new.why from app.consent c
    where c.id <> said.id and c.record_id = said.record_id and c.purpose = said.purpose and c.capacity = said.capacity
      and (said.capacity <> 'parent' or lower(btrim(c.who)) = lower(btrim(said.who))) and c.until_at > greatest(c.from_at, now()) on conflict do nothing;
  update app.consent c set until_at = greatest(c.from_at, now())
    where c.id <> said.id and c.record_id = said.record_id and c.purpose = said.purpose and c.capacity = said.capacity
      and (said.capacity <> 'parent' or lower(btrim(c.who)) = lower(btrim(said.who))) and c.until_at > greatest(c.from_at, now());
  if said.capacity = 'young-person' and said.purpose = 'visitor-44' then perform app.overrule(said.record_id, new.by_actor); end if;
  return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00021; and whoever answers for the record across the provider may always: no manager hides a record from those who look after managers. Whom it is kept
-- from by name may not.
create or replace function app.may_lift(circle bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
declare about bigint := (select c.record_id from app.circle c where c.id = may_lift.circle); ours bigint[] := app.own_shields();
begin
  if about is null or not app.answers_for(about, ours) then return false; end if;
  return app.answers_wide(about, ours)
    or exists (select from app.circle_member m where m.circle_id = may_lift.circle and m.actor_id = app.me() and m.valid_from <= statement_timestamp() and m.valid_until > statement_timestamp());
end $$;
-- +goose StatementEnd
reset role;

-- +goose StatementBegin
-- Whether somebody looks after those who manage: answers for a record across the provider, or audits across it.
create function app.oversees(who bigint, record bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.record r join app.grants g on g.scope = 0 and g.scope_id = r.provider_id where r.id = record and g.actor_id = who
    and g.valid_until > statement_timestamp() and g.valid_from <= statement_timestamp() and g.rights & (36 + 64) <> 0 and g.mask & (7 << (r.kind * 3)) <> 0);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whether the actor may keep a record from somebody by name: from those who look after managers only whoever answers for it across the provider may.
create function app.may_keep_from(who bigint, record bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return app.answers_wide(record, app.own_shields()) or app.answers_for(record, app.own_shields()) and not app.oversees(who, record);
end $$;
-- +goose StatementEnd
alter function app.oversees(bigint, bigint) owner to custodian_rule;
alter function app.may_keep_from(bigint, bigint) owner to custodian_rule;
set local role custodian_rule; -- whose functions they are now
revoke all on function app.oversees(bigint, bigint) from public;
reset role;
create policy not_from_oversight on app.shield as restrictive for insert to custodian_app with check (app.me() = 1 or relative_id is not null or app.may_keep_from(actor_id, record_id));
