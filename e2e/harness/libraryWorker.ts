/** The worker that fetches and keeps models, in a hurry: no pause before another try, and a second for silence. */
import { serveLibraryScope } from '../../src/worker/libraryScope';

serveLibraryScope({ wait: async () => {}, stallMs: 1000 });
