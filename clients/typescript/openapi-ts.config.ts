import { defineConfig } from '@hey-api/openapi-ts';

export default defineConfig({
  input: '../../functions/api/openapi.json',
  output: 'src',
  // What a frontend has no use for.
  parser: { filters: { tags: { exclude: ['Documentation', 'Webhook'] } } },
  plugins: [
    // Where the API is, only who uses the client knows.
    { name: '@hey-api/client-fetch', baseUrl: false, includeInEntry: true },
    '@hey-api/typescript',
    '@hey-api/sdk',
  ],
});
