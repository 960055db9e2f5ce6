/** The steps that every tenant goes through, in this order; those of the application come between them. */
export const BUILT_IN_STEPS = [
  'choose-server',
  'create-storage',
  'create-user',
  'migrate',
  'seed',
  'create-owner-profile',
  'activate',
] as const;

export type BuiltInStep = (typeof BUILT_IN_STEPS)[number];

/** What does nothing unless the application has a method for it. */
export const OWNER_PROFILE_STEP = 'create-owner-profile' satisfies BuiltInStep;

export function isBuiltInStep(name: string): name is BuiltInStep {
  return (BUILT_IN_STEPS as readonly string[]).includes(name);
}
