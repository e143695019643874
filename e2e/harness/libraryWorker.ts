/** The worker that fetches and keeps models, in a hurry: no pause before another try, and a third of a second for silence. */
import { serveLibraryScope } from '../../src/worker/libraryScope';

serveLibraryScope({ wait: async () => {}, stallMs: 300 });
