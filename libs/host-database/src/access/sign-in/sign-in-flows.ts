import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock, genId } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { UserEvents } from '../../users/index.js';
import { SignInFlow } from './sign-in-flow.entity.js';
import { SignInStateError } from './sign-in.errors.js';
import { hashOf, isSecret } from './sign-in-secrets.js';

/** For how long somebody may take at the provider. */
export const FLOW_MINUTES = 10;
const FLOW_MS = FLOW_MINUTES * 60_000;
/** How many rows one statement removes. */
const PAGE = 1_000;

/** Somebody who leaves for a provider. */
export interface NewSignInFlow extends Pick<SignInFlow, 'provider' | 'codeVerifier' | 'returnTo'> {
  readonly state: string;
  readonly binding: string;
  readonly nonce: string;
  readonly linkToUserId?: string;
}

/** Who is on the way to a provider: written when they leave, removed when they come back. */
@Injectable()
export class SignInFlows implements OnModuleInit {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly userEvents: UserEvents,
  ) {}

  onModuleInit(): void {
    // Whoever was signed in with the former password could come back with an identity of their own, and stay.
    this.userEvents.onPasswordChanged(async ({ userId }) => {
      await this.unitOfWork.em.nativeDelete(SignInFlow, { linkToUserId: userId });
    });
  }

  async add({ state, binding, linkToUserId, ...flow }: NewSignInFlow): Promise<void> {
    const now = this.clock.now();
    await this.unitOfWork.transactional(async (em) => {
      await em.insert(SignInFlow, {
        id: genId(),
        ...flow,
        stateHash: hashOf(state),
        bindingHash: hashOf(binding),
        linkToUserId: linkToUserId ?? null,
        expiresAt: new Date(now.getTime() + FLOW_MS),
        createdAt: now,
      });
    });
  }

  /**
   * Takes the flow of a `state` away, and returns it: of several who bring the same one, one gets it. Whoever has another browser's cookie
   * leaves it where it is.
   *
   * @throws SignInStateError
   */
  async take({ state, binding }: { readonly state: unknown; readonly binding: string | undefined }): Promise<SignInFlow> {
    if (!isSecret(state)) throw new SignInStateError('missing');
    const stateHash = hashOf(state);
    const bindingHash = binding === undefined ? undefined : hashOf(binding);
    const flow = await this.unitOfWork.transactional(async (em) => {
      const found = await em.findOne(SignInFlow, { stateHash }, { disableIdentityMap: true });
      if (found?.bindingHash !== bindingHash) throw new SignInStateError(found ? 'other-browser' : 'unknown');
      // The one whose statement removes the row is the one who has it.
      const removed = found && (await em.nativeDelete(SignInFlow, { id: found.id, bindingHash: found.bindingHash }));
      return removed === 1 ? found : undefined;
    });
    if (!flow) throw new SignInStateError('unknown');
    if (flow.expiresAt <= this.clock.now()) throw new SignInStateError('expired');
    return flow;
  }

  /** Removes up to 1,000 whose time is over, and returns how many that were. */
  async removeExpired(): Promise<number> {
    return this.unitOfWork.transactional(async (em) => {
      const expired = await em.find(
        SignInFlow,
        { expiresAt: { $lte: this.clock.now() } },
        { fields: ['id'], orderBy: { expiresAt: 'asc' }, limit: PAGE, disableIdentityMap: true },
      );
      return expired.length === 0 ? 0 : em.nativeDelete(SignInFlow, { id: expired.map(({ id }) => id) });
    });
  }
}
