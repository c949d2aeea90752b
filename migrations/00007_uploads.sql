-- +goose Up
-- What: files that have come and wait to be added, with what was typed about them. Operational: a file is kept for a day, what was typed for a week, and
-- nothing that was decided stands here. Everybody has their own and nobody else's.

-- Files that were sent together, for one record, or for one of its documents as its next version. files counts those that came and were not taken away again.
create table app.batch (
  id bigint primary key default nextval('app.ids'),
  actor_id bigint not null references app.actor,
  record_id bigint not null references app.record,
  document_id bigint references app.document,
  typed jsonb not null default '{}',
  files int not null,
  begun_at timestamptz not null default now(),
  constraint batch_typed_is_short check (jsonb_typeof(typed) = 'object' and length(typed::text) <= 200000),
  constraint batch_files_counted check (files between 0 and 20)
);
create index batch_own on app.batch (actor_id, begun_at);
create index batch_age on app.batch (begun_at);

-- One file. Its object has a note in app.upload for as long as it waits; when the sweep gives the upload up, the row stays behind without an object, to say so.
-- wrapped_key is the data key under the record's key, bound to this row (docs/design/sealed-objects.md).
create table app.held (
  id bigint primary key default nextval('app.ids'),
  batch_id bigint not null references app.batch on delete cascade,
  object_name text unique references app.upload on delete set null,
  file_name text not null,
  media_type text not null,
  size bigint not null,
  sha256 bytea not null,
  wrapped_key bytea not null,
  at timestamptz not null default now(),
  constraint held_hash_is_sha256 check (length(sha256) = 32),
  constraint held_not_empty check (size > 0)
);
create index held_of on app.held (batch_id, id);

-- Whether the same content lies in a record already is asked whenever a file is added to it.
create index version_content on app.version (sha256);

-- What pages ask for: the newest documents of one class at a place, past all those that the reader may not see; the few that need approval; the few that were withdrawn.
create index document_home_class on app.document (home_id, class, latest_at desc, id desc);
create index document_provider_class on app.document (provider_id, class, latest_at desc, id desc);
create index document_home_approval on app.document (home_id, id) where needs_approval;
create index document_provider_approval on app.document (provider_id, id) where needs_approval;
create index statement_withdrawn on app.statement (document_id, said_at) where version_id is null;

-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['batch', 'held'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy rule_reads on app.%I for select to custodian_rule using (true)', t);
    execute format('grant select on app.%I to custodian_rule', t);
    execute format('grant select, insert, delete on app.%I to custodian_app', t);
  end loop;
end $$;
-- +goose StatementEnd
grant update (typed, files) on app.batch to custodian_app;

-- The sweep acts for nobody; it sees what is older than a week, and nothing else.
create policy own on app.batch for select to custodian_app using (actor_id = (select app.me())
  or (select app.me()) is null and begun_at < now() - interval '7 days');
create policy begins on app.batch for insert to custodian_app with check (actor_id = app.me() and (
  document_id is null and exists (select from app.record r where r.id = record_id and r.open
    and app.sees_record(r.provider_id, r.home_id, r.id, r.kind, (select app.reach(2)), (select app.shields())))
  or exists (select from app.document d join app.record r on r.id = d.record_id where d.id = document_id and d.record_id = batch.record_id and r.open
    and app.sees(d.provider_id, d.home_id, d.record_id, d.id, d.class, (select app.reach(2)), (select app.shields())))));
create policy notes on app.batch for update to custodian_app using (actor_id = (select app.me()));
create policy ends on app.batch for delete to custodian_app using (actor_id = (select app.me())
  or (select app.me()) is null and begun_at < now() - interval '7 days');
create policy own on app.held for select to custodian_app using (exists (select from app.batch b where b.id = batch_id));
create policy holds on app.held for insert to custodian_app with check (exists (select from app.batch b where b.id = batch_id and b.actor_id = app.me()));
create policy ends on app.held for delete to custodian_app using (exists (select from app.batch b where b.id = batch_id));
