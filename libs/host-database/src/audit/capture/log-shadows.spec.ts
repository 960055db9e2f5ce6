import { describe, expect, it } from '@jest/globals';
import { AuditLogShadowedError } from '../audit.errors.js';
import { refuseShadowOfLog } from './log-shadows.js';

describe(refuseShadowOfLog.name, () => {
  it.each([
    'create temp table sys_audit_logs (like public.sys_audit_logs)',
    'CREATE /* now */ TEMPORARY TABLE if not exists "sys_audit_unsealed" (log_id text)',
    'create table temp.sys_audit_logs (id text)',
    `create table 'temp'.'sys_audit_logs' (id text)`,
    'create table pg_temp.sys_audit_logs (id text)',
    'create temp view sys_audit_logs as select 1',
    'create temp trigger hush before insert on main.sys_audit_logs begin select raise(ignore); end',
    'select * into temp sys_audit_logs from core_users',
    'select 1; alter table pg_temp.mine rename to sys_audit_logs',
    String.raw`create temp table U&"sys!005faudit_logs" UESCAPE '!' (id text)`,
    `do $$ begin create temp table sys_audit_logs (id text); end $$`,
    '/* /* */ */ create temp table sys_audit_logs (id text)',
  ])('refuses %s', (sql) => {
    expect(() => refuseShadowOfLog(sql)).toThrow(AuditLogShadowedError);
  });

  it.each([
    'create temp table mine (id text)',
    'select * from sys_audit_logs as temp',
    `insert into sys_audit_logs (id, target_type) values ('create temp table sys_audit_logs', 'temp')`,
    'create table copies as select * from sys_audit_logs',
    'alter function sys_audit_refuse() set search_path = public, pg_temp',
    'select 1',
  ])('lets pass %s', (sql) => {
    expect(() => refuseShadowOfLog(sql)).not.toThrow();
  });
});
