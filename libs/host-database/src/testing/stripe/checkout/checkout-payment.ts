/** How somebody pays on the page of a session. */
export interface FakeStripePayment {
  /** A card is charged at once, a debit after three days. @default 'card' */
  readonly method?: 'card' | 'sepa_debit';
  /** What a customer is made with, where the session has neither customer nor address. */
  readonly email?: string;
  /** A promotion code as it is typed. */
  readonly promotionCode?: string;
  /** Whether the bank pays the debit. @default 'succeed' */
  readonly debit?: 'fail' | 'succeed';
}
