-- +goose Up
-- Row-level security, forced, on every table that tells something. The application's role owns nothing and may only insert, but for the few columns that close.
-- +goose StatementBegin
do $$
declare t text;
begin
  for t in select tablename from pg_tables where schemaname = 'app' and tablename <> 'schema_version' loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy rule_reads on app.%I for select to custodian_rule using (true)', t);
    execute format('grant select on app.%I to custodian_rule', t);
    execute format('grant select, insert on app.%I to custodian_app', t);
  end loop;
end $$;
-- +goose StatementEnd
grant usage on schema app to custodian_app, custodian_rule, custodian_search;
grant usage on sequence app.ids to custodian_app, custodian_rule;
revoke select on app.token from custodian_app;
grant select (id, actor_id, label, created_at, created_by, expires_at, revoked_at, made_with) on app.token to custodian_app;
grant update (revoked_at) on app.token to custodian_app;
grant update (until_at) on app.role_held to custodian_app;
grant update (last_at) on app.token_use to custodian_app;
grant delete on app.idempotency, app.upload to custodian_app;
grant update (abandoned) on app.upload to custodian_app;
revoke insert on app.standing from custodian_app;

-- what the triggers of the rule may write
grant update (home_id, open) on app.record to custodian_rule;
grant update (home_id, latest_at) on app.document to custodian_rule;
grant insert on app.standing, app.role_held, app.grants to custodian_rule;
grant update (known_to) on app.standing to custodian_rule;
grant update (valid_until) on app.grants to custodian_rule;
grant update (until_at) on app.role_held to custodian_rule;
create policy rule_shelves on app.record for update to custodian_rule using (true);
create policy rule_shelves on app.document for update to custodian_rule using (true);
create policy rule_tells on app.standing for insert to custodian_rule with check (true);
create policy rule_closes on app.standing for update to custodian_rule using (true);
create policy rule_gives on app.role_held for insert to custodian_rule with check (true);
create policy rule_ends on app.role_held for update to custodian_rule using (true);
create policy rule_gives on app.grants for insert to custodian_rule with check (true);
create policy rule_ends on app.grants for update to custodian_rule using (true);

-- rights: 1 read, 2 add, 4 approve, 8 manage, 16 share, 32 disclose, 64 audit (internal/access)
create policy sees on app.provider for select to custodian_app using (id = (select app.my_provider()) or (select app.me()) = 1);
create policy founds on app.provider for insert to custodian_app with check (app.me() = 1);
create policy sees on app.home for select to custodian_app using (provider_id = (select app.my_provider()) or (select app.me()) = 1);
create policy founds on app.home for insert to custodian_app with check (app.me() = 1);
create policy sees on app.actor for select to custodian_app using (provider_id = (select app.my_provider()) or id = (select app.me()) or id = 1 or (select app.me()) = 1);
create policy adds on app.actor for insert to custodian_app with check (created_by = app.me() and kind <> 'system' and app.manages(provider_id, null, (select app.reach(8))));

-- who manages records of a kind sees that they are there, though not what is in them
create policy sees on app.record for select to custodian_app using (
  app.sees_record(provider_id, home_id, id, kind, (select app.reach(1)), (select app.shields()))
  or app.sees_record(provider_id, home_id, id, kind, (select app.reach(8)), (select app.shields())));
create policy opens on app.record for insert to custodian_app with check (created_by = app.me() and
  (app.me() = 1 or app.sees_record(provider_id, home_id, id, kind, (select app.reach(8)), (select app.shields()))));
create policy sees on app.record_event for select to custodian_app using (exists (select from app.record r where r.id = record_id));
-- a member of staff takes their role along, so moving them takes somebody who manages the staff of both homes
create policy tells on app.record_event for insert to custodian_app with check (by_actor = app.me() and (app.me() = 1 or exists (
  select from app.record r where r.id = record_id and app.sees_record(r.provider_id, r.home_id, r.id, r.kind, (select app.reach(8)), (select app.shields()))
    and (what <> 'moved' or r.actor_id is null or app.manages(r.provider_id, record_event.home_id, (select app.reach(8)))))));

create policy sees on app.role_held for select to custodian_app using (actor_id = (select app.me()) or app.manages(provider_id, home_id, (select app.reach(8))));
create policy gives on app.role_held for insert to custodian_app with check (given_by = app.me() and app.manages(provider_id, home_id, (select app.reach(8)))
  and exists (select from app.actor a where a.id = actor_id and a.provider_id = role_held.provider_id));
create policy ends on app.role_held for update to custodian_app using (app.manages(provider_id, home_id, (select app.reach(8))));
create policy sees on app.grants for select to custodian_app using (actor_id = (select app.me()) or (select app.me()) = 1
  or exists (select from app.role_held h where h.id = role_held_id)
  or (scope = 2 and exists (select from app.record r where r.id = scope_id and app.sees_record(r.provider_id, r.home_id, r.id, r.kind, (select app.reach(8)), (select app.shields())))));
create policy gives on app.grants for insert to custodian_app with check (given_by = app.me() and (app.me() = 1
  or exists (select from app.role_held h where h.id = role_held_id and h.actor_id = grants.actor_id and app.manages(h.provider_id, h.home_id, (select app.reach(8)))
    and ((scope = 0 and scope_id = h.provider_id and h.home_id is null) or (scope = 1 and scope_id = h.home_id)))
  or (scope = 2 and basis = 'key-worker' and rights <= 3 and exists (select from app.record r where r.id = scope_id and r.home_id = through_home
    and exists (select from app.actor a where a.id = grants.actor_id and a.provider_id = r.provider_id)
    and app.sees_record(r.provider_id, r.home_id, r.id, r.kind, (select app.reach(8)), (select app.shields()))))));
create policy sees on app.shield for select to custodian_app using ((select app.me()) = 1
  or exists (select from app.record r where r.id = record_id and app.sees_record(r.provider_id, r.home_id, r.id, r.kind, (select app.reach(8)), '{}')));
create policy gives on app.shield for insert to custodian_app with check (given_by = app.me() and (app.me() = 1
  or exists (select from app.record r where r.id = record_id and app.sees_record(r.provider_id, r.home_id, r.id, r.kind, (select app.reach(8)), '{}'))));

create policy sees on app.token for select to custodian_app using (actor_id = (select app.me()) or (select app.me()) = 1);
create policy makes on app.token for insert to custodian_app with check (created_by = app.me() and (actor_id = app.me() or app.me() = 1));
create policy ends on app.token for update to custodian_app using (actor_id = (select app.me()) or (select app.me()) = 1);
create policy keeps on app.token_use for all to custodian_app using (true) with check (true);
create policy keeps on app.upload for all to custodian_app using (true) with check (true);
create policy asks on app.idempotency for select to custodian_app using (actor_id = (select app.me()) or at < now() - interval '7 days');
create policy keeps on app.idempotency for insert to custodian_app with check (actor_id = app.me());
create policy forgets on app.idempotency for delete to custodian_app using (at < now() - interval '7 days');

create policy sees on app.document for select to custodian_app using (
  app.sees(provider_id, home_id, record_id, id, class, (select app.reach(1)), (select app.shields())));
create policy adds on app.document for insert to custodian_app with check (created_by = app.me()
  and app.sees(provider_id, home_id, record_id, id, class, (select app.reach(2)), (select app.shields()))
  and exists (select from app.record r where r.id = record_id and r.kind = class / 3 and r.open));

create policy sees on app.version for select to custodian_app using (exists (select from app.document d where d.id = document_id));
create policy adds on app.version for insert to custodian_app with check (author_id = app.me() and exists (
  select from app.document d where d.id = document_id
    and app.sees(d.provider_id, d.home_id, d.record_id, d.id, d.class, (select app.reach(2)), (select app.shields()))
    and exists (select from app.record r where r.id = d.record_id and r.open)));

-- approval: by another person than the author (of this version, or of the same content before it was restored), never by a service account
create policy sees on app.decision for select to custodian_app using (exists (select from app.document d where d.id = document_id));
create policy decides on app.decision for insert to custodian_app with check (by_actor = app.me() and app.my_kind() = 'person'
  and exists (select from app.version v where v.id = version_id and v.document_id = decision.document_id)
  and not exists (select from app.version v join app.version o on o.document_id = v.document_id and o.sha256 = v.sha256 where v.id = version_id and o.author_id = app.me())
  and exists (select from app.document d where d.id = document_id
    and app.sees(d.provider_id, d.home_id, d.record_id, d.id, d.class, (select app.reach(4)), (select app.shields()))));

-- a version that needs approval cannot be told to be in force without it; only approvers correct dates and withdraw
create policy sees on app.statement for select to custodian_app using (exists (select from app.document d where d.id = document_id));
create policy tells on app.statement for insert to custodian_app with check (said_by = app.me() and exists (
  select from app.document d where d.id = document_id
    and ((statement.kind = 'told' and not d.needs_approval
        and exists (select from app.version v where v.id = version_id and v.author_id = app.me())
        and app.sees(d.provider_id, d.home_id, d.record_id, d.id, d.class, (select app.reach(2)), (select app.shields())))
      or (app.my_kind() = 'person' and app.sees(d.provider_id, d.home_id, d.record_id, d.id, d.class, (select app.reach(4)), (select app.shields()))))
    and (version_id is null or exists (select from app.version v where v.id = version_id and v.document_id = d.id))
    and (version_id is null or not d.needs_approval or exists (select from app.decision x where x.version_id = statement.version_id and x.verdict = 'approved'))));
create policy sees on app.standing for select to custodian_app using (exists (select from app.document d where d.id = document_id));

create policy own on app.footprint for select to custodian_app using (actor_id = (select app.me())
  or app.sees(provider_id, app.lies_in(record_id), record_id, coalesce(document_id, 0), class, (select app.reach(64)), (select app.shields()))
  or record_id is null and app.audits(provider_id, home_id, (select app.reach(64))));
create policy leaves on app.footprint for insert to custodian_app with check (actor_id = app.me());
