/** By whom people can sign in. */
export interface SignInOptions {
  /** The address at which browsers see the application, such as `https://app.example.com`. */
  readonly publicUrl?: string;
}
