import { defineConfig } from 'vite';

// Three files with names that stay: they are bundled into the program and served without a cache.
export default defineConfig({
  base: './',
  build: {
    target: 'es2022',
    modulePreload: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      output: { entryFileNames: 'app.js', chunkFileNames: 'app-[name].js', assetFileNames: 'app[extname]' },
    },
  },
});
