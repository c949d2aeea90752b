-- +goose Up
-- Signing in: what shows who somebody is and when they showed it, which browser a session is in, and the ways in which others end sessions.

-- What the service said about how somebody showed who they are (amr and acr: OpenID Connect Core 1.0, 2; RFC 8176), when (by our clock; null where it
-- does not say), and what it calls their session there.
alter table app.sign_in add proved_at timestamptz, add amr text[] not null default '{}', add acr text not null default '', add sid text not null default '',
  drop constraint sign_in_outcome_known, add constraint sign_in_outcome_known check (outcome in ('done', 'no-role', 'no-second-factor')),
  add constraint sign_in_proof_short check (cardinality(amr) <= 20 and length(array_to_string(amr, '')) <= 1000 and length(acr) <= 255 and length(sid) <= 255),
  add constraint sign_in_proved_before check (proved_at <= at);
create index sign_in_sid on app.sign_in (issuer, sid) where sid <> '';

-- The family of the browser and its kind of computer, in words of ours: nothing that a browser sent is kept.
alter table app.session add browser text not null default '', add constraint session_browser_short check (length(browser) <= 60);
grant select (browser) on app.session to custodian_app;

-- That the service told us somebody has left it (OpenID Connect Back-Channel Logout 1.0). token is the SHA-256 of issuer and jti: a log-out token counts once.
create table app.logout_told (
  id bigint primary key default nextval('app.ids'),
  at timestamptz not null default clock_timestamp(),
  token bytea not null,
  issuer text not null,
  subject text not null,
  sid text not null,
  request text not null default '',
  constraint logout_told_once unique (token),
  constraint logout_told_token_is_sha256 check (length(token) = 32),
  constraint logout_told_of_somebody check (subject <> '' or sid <> ''),
  constraint logout_told_short check (length(issuer) <= 500 and length(subject) <= 255 and length(sid) <= 255 and length(request) <= 64)
);
create index logout_told_sid on app.logout_told (issuer, sid) where sid <> '';
alter table app.logout_told enable row level security;
alter table app.logout_told force row level security;
create policy rule_reads on app.logout_told for select to custodian_rule using (true);
grant select on app.logout_told to custodian_rule;
grant select, insert on app.logout_told to custodian_app;
create policy sees on app.logout_told for select to custodian_app using ((select app.me()) = 1);
create policy tells on app.logout_told for insert to custodian_app with check (app.me() = 1);
create trigger keep before update or delete on app.logout_told for each row execute function app.append_only();
create trigger keep_all before truncate on app.logout_told for each statement execute function app.append_only();

-- +goose StatementBegin
-- Ends the live sessions of somebody but one (null: all), and says which. For themselves, for whoever manages the people of their organisation, and for
-- Custodian: nobody sees another's sessions, so that a policy could not say it.
create function app.end_sessions(who bigint, besides bigint) returns setof bigint language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  if who is distinct from app.me() and not exists (select from app.actor a where a.id = who and app.manages(a.provider_id, null, app.reach(8))) then
    raise insufficient_privilege using message = 'not yours to end';
  end if;
  return query update app.session s set ended_at = clock_timestamp()
    where s.actor_id = who and s.id is distinct from besides and s.ended_at > clock_timestamp() and s.expires_at > clock_timestamp() returning s.id;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Ends the live sessions that the sign-in service says are over: of a person, of one session there, or of that session if it is that person's. A session
-- of which the service never said what it calls it goes with its person.
create function app.end_told_sessions(by_issuer text, by_subject text, by_sid text) returns table (session_id bigint, actor_id bigint)
language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  if app.me() is distinct from 1 then raise insufficient_privilege using message = 'for Custodian itself'; end if;
  if by_subject = '' and by_sid = '' then raise check_violation using message = 'of nobody'; end if;
  return query update app.session s set ended_at = clock_timestamp() from app.sign_in i
    where i.id = s.sign_in_id and i.issuer = by_issuer and (by_subject = '' or i.subject = by_subject)
      and (by_sid = '' or i.sid = by_sid or i.sid = '' and by_subject <> '')
      and s.ended_at > clock_timestamp() and s.expires_at > clock_timestamp() returning s.id, s.actor_id;
end $$;
-- +goose StatementEnd
alter function app.end_sessions(bigint, bigint) owner to custodian_rule;
alter function app.end_told_sessions(text, text, text) owner to custodian_rule;
