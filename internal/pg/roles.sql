-- The roles of Custodian. A superuser runs this once, in Custodian's database; it may be run again.
-- Give custodian_owner and custodian_app passwords (or another way to sign in) yourself:
--   alter role custodian_owner password '...';  alter role custodian_app password '...';
-- custodian_owner  owns the tables; used by "custodian migrate" only; sees no row, since row-level security is forced on it too
-- custodian_app    what the portal signs in as; owns nothing
-- custodian_rule   owns the functions that apply the rule; nobody signs in as it
-- custodian_search owns the search function; nobody signs in as it
do $$
begin
  perform pg_advisory_xact_lock(hashtextextended('custodian roles', 0));
  if not exists (select from pg_roles where rolname = 'custodian_owner') then create role custodian_owner login noinherit; end if;
  if not exists (select from pg_roles where rolname = 'custodian_app') then create role custodian_app login; end if;
  if not exists (select from pg_roles where rolname = 'custodian_rule') then create role custodian_rule nologin; end if;
  if not exists (select from pg_roles where rolname = 'custodian_search') then create role custodian_search nologin; end if;
  -- the owner may hand functions to these two; noinherit: it does not thereby see what they see
  grant custodian_rule, custodian_search to custodian_owner;
  execute format('grant create, connect on database %I to custodian_owner', current_database());
  execute format('revoke all on database %I from public', current_database());
  execute format('grant connect on database %I to custodian_app', current_database());
end $$;
