import { Logger } from '@nestjs/common';
import { genId } from '../../common/index.js';
import type { NotificationSubscription, PostgresqlDirectConnection } from '../../database/index.js';

/** How long a process that is known to listen may take to say that it has heard. */
const ANSWER_WITHIN_MS = 1_000;
const ASK_CHANNEL = 'nestjs_host_database_access_ask';
/** Each process is answered on a channel of its own. */
const ANSWER_CHANNEL = 'nestjs_host_database_heard';
/** Held, shared, by the session of each process that remembers what people may do; the server lets go of it with the session. */
const PRESENCE_LOCK = [0x6163_6373, 1] as const;

const ENTER = `select pg_backend_pid() as pid, pg_advisory_lock_shared($1::int, $2::int)`;
const PRESENT = `select pid from pg_locks where locktype = 'advisory' and granted and objsubid = 2
  and classid = $1::bigint::oid and objid = $2::bigint::oid
  and database = (select oid from pg_database where datname = current_database())`;

/** Whoever asks, and who has not answered yet. */
interface Question {
  readonly silent: Set<number>;
  readonly answered: () => void;
}

/**
 * Lets one process wait until the others have heard what it has committed. Notifications arrive in the order of the commits, so that whoever
 * answers a question has heard everything before it. The server knows who is there: each session that hears holds a shared advisory lock.
 */
export class AccessBarrier {
  private readonly logger = new Logger('Access');
  private readonly self = genId();
  private readonly questions = new Map<string, Question>();
  private presence: NotificationSubscription | undefined;
  private answers: NotificationSubscription | undefined;
  private readonly hearsAnswers = Promise.withResolvers<void>();
  private pid = 0;
  private asked = 0;
  private running: Promise<void> | undefined;
  private next: Promise<void> | undefined;
  private isOver = false;

  constructor(private readonly connection: PostgresqlDirectConnection) {}

  /** Whether others wait for this process. */
  get isPresent(): boolean {
    return this.presence?.isHearing ?? false;
  }

  /** Has others wait for this process, a little later. */
  enter(onPresent: () => void): void {
    this.presence ??= this.connection.notifications.subscribe({
      channel: ASK_CHANNEL,
      onNotification: (question) => this.answer(question),
      onHearing: onPresent,
      onGap: onPresent,
      enter: async (session) => {
        const [entered] = await session.query<{ pid: number }>(ENTER, PRESENCE_LOCK);
        this.pid = entered?.pid ?? 0;
      },
      leave: async (session) => {
        await session.query('select pg_advisory_unlock_all()');
      },
    });
  }

  /** Resolves once those who are there have heard what is committed by now, or have not said so in time. */
  async spread(): Promise<void> {
    // Those who come while it is asked share the next question, which is asked after their commits.
    this.next ??= (this.running ?? Promise.resolve()).then(() => {
      this.running = this.next;
      this.next = undefined;
      return this.ask();
    });
    return this.next;
  }

  async close(): Promise<void> {
    this.isOver = true;
    await this.presence?.close();
    await this.next;
    await this.running;
    await this.answers?.close();
  }

  private async ask(): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timeout = setTimeout(over.resolve, ANSWER_WITHIN_MS);
    const question = String(++this.asked);
    try {
      const present = await this.connection.query<{ pid: number }>(PRESENT, PRESENCE_LOCK);
      if (present.length === 0 || this.isOver) return;
      await Promise.race([this.listen(), over.promise]);
      const answered = Promise.withResolvers<void>();
      this.questions.set(question, { silent: new Set(present.map(({ pid }) => pid)), answered: answered.resolve });
      await this.connection.query('select pg_notify($1, $2)', [ASK_CHANNEL, `${this.self}:${question}`]);
      // Who does not hear the answers does not wait for them.
      if (this.answers?.isHearing) await Promise.race([answered.promise, over.promise]);
    } catch (error) {
      // The change is committed, and told as soon as there is a connection: that nobody has said so is no failure of it.
      if (!this.isOver) this.logger.warn(`Not known whether other processes have heard of a change of access: ${String(error)}`);
    } finally {
      clearTimeout(timeout);
      this.questions.delete(question);
    }
  }

  private async listen(): Promise<void> {
    this.answers ??= this.connection.notifications.subscribe({
      channel: `${ANSWER_CHANNEL}_${this.self}`,
      onNotification: (answer) => this.note(answer),
      onHearing: () => this.hearsAnswers.resolve(),
      onGap: () => undefined,
    });
    await this.hearsAnswers.promise;
  }

  private note(answer: string): void {
    const [question = '', pid] = answer.split(':');
    const open = this.questions.get(question);
    open?.silent.delete(Number(pid));
    if (open?.silent.size === 0) open.answered();
  }

  private answer(payload: string): void {
    const [asker = '', question] = payload.split(':');
    const answer = `${question}:${this.pid}`;
    if (asker === this.self) return this.note(answer);
    // Whoever it does not reach waits for its second.
    this.connection.query('select pg_notify($1, $2)', [`${ANSWER_CHANNEL}_${asker}`, answer]).catch(() => undefined);
    return undefined;
  }
}
