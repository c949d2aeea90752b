-- +goose Up
-- Administrators add settings, and whoever ends a role says why.

-- Who ended a role by hand or through a group, and why; a role that ended on the day set for it, or by a move, has none.
create table app.role_ending (
  role_held_id bigint primary key references app.role_held,
  at timestamptz not null default clock_timestamp(),
  by_actor bigint not null references app.actor,
  why text not null,
  constraint role_ending_short check (length(why) <= 2000)
);
create index actor_by_name on app.actor (provider_id, name, id);

alter table app.role_ending enable row level security;
alter table app.role_ending force row level security;
create policy rule_reads on app.role_ending for select to custodian_rule using (true);
grant select on app.role_ending to custodian_rule;
grant select, insert on app.role_ending to custodian_app;
create trigger keep before update or delete on app.role_ending for each row execute function app.append_only();
create trigger keep_all before truncate on app.role_ending for each statement execute function app.append_only();

create policy sees on app.role_ending for select to custodian_app using (exists (select from app.role_held h where h.id = role_held_id));
create policy tells on app.role_ending for insert to custodian_app with check (by_actor = app.me()
  and exists (select from app.role_held h where h.id = role_held_id and app.manages(h.provider_id, h.home_id, (select app.reach(8)))));

-- whoever keeps the staff of the whole provider keeps its settings too
drop policy founds on app.home;
create policy founds on app.home for insert to custodian_app with check (app.manages(provider_id, null, (select app.reach(8))));
