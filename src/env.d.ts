/** What may be set when the page is built. */
interface ImportMetaEnv {
  /** A mirror of Hugging Face's Hub, from which models by id come instead. */
  readonly VITE_HUB_URL?: string;
  /** Further addresses that the page may reach, separated by blanks; read by the build alone. */
  readonly VITE_CONNECT?: string;
}
