// Builds the page into the edge's static folder, and the client library into dist/. Hashed names, no inline code, no CDN.
import { build } from 'esbuild';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const HERE = dirname(fileURLToPath(import.meta.url));
const STATIC = join(HERE, '../src/segue/edge/static');
const WORKLETS = ['capture', 'playback'].map((name) => join(HERE, `client/src/audio/${name}.worklet.ts`));

/** Kilobytes, gzipped: what a visitor loads, and what an application that uses the client adds. */
const SIZE_LIMITS_KB = { page: 24, client: 14 };

const COMMON = {
  bundle: true,
  minify: true,
  write: false,
  format: 'esm',
  target: ['es2022', 'chrome110', 'firefox115', 'safari16'],
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
  outdir: STATIC,
  entryNames: 'assets/[name]-[hash]',
};

async function buildPage() {
  const worklets = await build({ ...COMMON, entryPoints: WORKLETS, format: 'iife' });
  const [capture, playback] = worklets.outputFiles.map((file) => `/assets/${basename(file.path)}`);
  const page = await build({
    ...COMMON,
    entryPoints: [join(HERE, 'page/src/main.ts'), join(HERE, 'page/src/style.css')],
    define: { CAPTURE_WORKLET: JSON.stringify(capture), PLAYBACK_WORKLET: JSON.stringify(playback) },
  });
  const files = [...worklets.outputFiles, ...page.outputFiles].map(({ path, contents }) => ({ path, contents }));
  const named = (suffix) => `/assets/${basename(page.outputFiles.find((file) => file.path.endsWith(suffix)).path)}`;
  const html = (await readFile(join(HERE, 'page/index.html'), 'utf8'))
    .replace('%SCRIPT%', named('.js'))
    .replace('%STYLE%', named('.css'));
  files.push({ path: join(STATIC, 'index.html'), contents: Buffer.from(html) });
  files.push({ path: join(STATIC, 'icon.svg'), contents: await readFile(join(HERE, 'page/icon.svg')) });
  return files;
}

async function buildClient() {
  const { outputFiles } = await build({
    ...COMMON,
    entryPoints: [join(HERE, 'client/src/index.ts')],
    outdir: join(HERE, 'dist'),
    entryNames: '[name]',
  });
  const worklets = await build({
    ...COMMON,
    entryPoints: WORKLETS,
    format: 'iife',
    outdir: join(HERE, 'dist'),
    entryNames: '[name]',
  });
  return [...outputFiles, ...worklets.outputFiles].map(({ path, contents }) => ({ path, contents }));
}

const gzippedKb = (files) => files.reduce((sum, file) => sum + gzipSync(file.contents).length, 0) / 1000;

async function write(files) {
  for (const { path, contents } of files) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, contents);
  }
}

async function checkSizes() {
  const sizes = { page: gzippedKb(await buildPage()), client: gzippedKb(await buildClient()) };
  for (const [name, kb] of Object.entries(sizes)) {
    const limit = SIZE_LIMITS_KB[name];
    console.log(`size of ${name}: ${kb.toFixed(1)} kB gzipped, limit ${limit} kB`);
    if (kb > limit) process.exitCode = 1;
  }
}

if (process.argv.includes('--check-size')) {
  await checkSizes();
} else if (process.argv.includes('--client')) {
  await rm(join(HERE, 'dist'), { recursive: true, force: true });
  await write(await buildClient());
} else {
  const files = await buildPage();
  await rm(STATIC, { recursive: true, force: true });
  await write(files);
  console.log(`page built: ${files.length} files, ${gzippedKb(files).toFixed(1)} kB gzipped`);
}
