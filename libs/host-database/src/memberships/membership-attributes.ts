/**
 * What an application keeps about a membership in `metaAttributes`. It says what that is by interface augmentation:
 *
 * ```ts
 * declare module 'nestjs-host-database/memberships' {
 *   interface MembershipAttributes { readonly theme?: 'dark' | 'light' }
 * }
 * ```
 */
export interface MembershipAttributes {}

/** The attributes as they are read: what is declared has its type, and rows of an earlier version may have more. */
export type StoredMembershipAttributes = MembershipAttributes & Readonly<Record<string, unknown>>;
