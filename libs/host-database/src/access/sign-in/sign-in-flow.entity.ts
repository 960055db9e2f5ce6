import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../../common/index.js';

const SignInFlowSchema = defineEntity({
  name: 'SignInFlow',
  tableName: 'sys_sign_in_flows',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    /** A SHA-256 of the `state`, which comes back once. */
    stateHash: p.string().length(64).unique('sys_sign_in_flows_state_hash_unique').hidden(),
    /** A SHA-256 of what the browser that began has in a cookie: another one cannot end it. */
    bindingHash: p.string().length(64).hidden(),
    /** The key of the provider in the options. */
    provider: p.string().length(63),
    nonce: p.string().length(128).nullable().hidden(),
    /** The secret half of PKCE. Worth nothing without the code, and gone with it. */
    codeVerifier: p.string().length(128).hidden(),
    /** Where the person goes then: a path of the application. */
    returnTo: p.string().length(2048),
    /** Who wants to add this identity to their account; none signs in. No foreign key. */
    linkToUserId: p.string().length(32).nullable(),
    expiresAt: p.datetime(3).index('sys_sign_in_flows_expires_at_index'),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
});

/** That somebody has left for a provider to sign in there (`sys_sign_in_flows`). Removed when they come back. */
export class SignInFlow extends SignInFlowSchema.class {}

SignInFlowSchema.setClass(SignInFlow);
