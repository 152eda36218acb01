import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { chromiumOrSkip, startChromium } from '../support/chromium.ts';
import { envoyOrSkip } from '../support/envoy.ts';
import { baselineManifest, previewManifest, sliceManifests } from '../support/manifests.ts';
import { freePort } from '../support/ports.ts';
import { startShopSite } from '../support/shop-site.ts';
import { type Stage, startStage } from '../support/stage.ts';
import type { WebSite } from '../support/web-site.ts';

const envoy = await envoyOrSkip();
const program = chromiumOrSkip();

describe.skipIf(envoy === undefined || program === undefined)('in a browser', () => {
  const sites = new Map<string, WebSite>();
  let stage: Stage;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let port: number;

  const at = (host: string, path = '/') => `http://${host}:${port}${path}`;
  const SHOP = 'shop.localhost';
  const PREVIEW = 'pr-1--web.preview.localhost';
  /** Waits for a page that says who served it, or for the list to say what is in use. */
  const shows = (text: string) => page.locator('h1, section > p').getByText(text, { exact: true }).waitFor();

  beforeAll(async () => {
    for (const title of ['web', 'web@pr-1', 'api', 'api@pr-1']) sites.set(title, await startShopSite(title));
    port = await freePort();
    const slices = (name: string, title: string) => sliceManifests(name, [sites.get(title)!.port]);
    const hosts = (...names: string[]) => ({ annotations: { 'shunt.dev/hosts': names.join(', ') } });
    const more = Array.from({ length: 6 }, (_, index) => previewManifest(`shop/more-${index}`, 'web', `more-${index}`));
    stage = await startStage(
      [
        baselineManifest('shop/web', hosts(SHOP, 'shop.example.com')),
        ...slices('shop/web', 'web'),
        previewManifest('shop/web-pr-1', 'web', 'pr-1'),
        ...slices('shop/web-pr-1', 'web@pr-1'),
        baselineManifest('shop/api', hosts('api.localhost')),
        ...slices('shop/api', 'api'),
        previewManifest('shop/api-pr-1', 'api', 'pr-1'),
        ...slices('shop/api-pr-1', 'api@pr-1'),
        ...more,
      ],
      { listen: [{ host: '127.0.0.1', port }], corsOrigin: [`http://${SHOP}:${port}`] },
    );
    browser = await startChromium(program!);
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.stop();
    for (const site of sites.values()) await site.close();
  });
  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
  });
  afterEach(() => context.close());

  test('a link leads to the preview and back to the page, and clear to the baseline', async () => {
    await page.goto(at(SHOP, '/cart?x=1'));
    await shows('web');
    await page.click('text=Use pr-1');
    await shows('web@pr-1');
    expect(page.url()).toBe(at(SHOP, '/cart?x=1'));
    await page.goto(at(SHOP, '/.shunt/clear'));
    expect(page.url()).toBe(at(SHOP));
    await shows('web');
  });

  test('a typed address does so too, and the preview stays from page to page', async () => {
    await page.goto(at(SHOP, '/.shunt/use/pr-1'));
    expect(page.url()).toBe(at(SHOP));
    await shows('web@pr-1');
    await page.goto(at(SHOP, '/other'));
    await shows('web@pr-1');
    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({
      name: 'preview',
      value: 'pr-1',
      domain: SHOP,
      path: '/',
      expires: -1,
      sameSite: 'Lax',
    });
  });

  test('the list offers what there is, by buttons and by name', async () => {
    await page.goto(at(SHOP));
    await page.click('text=Previews');
    await page.click('role=button[name="Use pr-1"]');
    await shows('In use: pr-1.');
    expect(page.url()).toBe(at(SHOP, '/.shunt'));
    await page.goto(at(SHOP));
    await shows('web@pr-1');
    await page.goto(at(SHOP, '/.shunt'));
    await page.click('role=button[name="Stop using pr-1"]');
    await shows('No preview is in use.');
    await page.fill('role=textbox[name="Another key"]', 'more-3');
    await page.keyboard.press('Enter');
    await shows('In use: more-3.');
  });

  test('where a browser tells nothing of itself, a click is asked for', async () => {
    // Over plain HTTP to a name that is not this machine's own.
    await page.goto(at('shop.example.com', '/.shunt/use/pr-1'));
    expect(await context.cookies()).toEqual([]);
    await page.click('role=button[name="Use pr-1"]');
    await shows('web@pr-1');
    expect(page.url()).toBe(at('shop.example.com'));
  });

  test.each([
    ['a link', (url: string) => `<a id="go" href="${url}">go</a>`],
    ['a link that hides where it stands', (url: string) => `<a id="go" rel="noreferrer" href="${url}">go</a>`],
    ['a form', (url: string) => `<form method="post" action="${url}"><button id="go">go</button></form>`],
  ])('%s on another site changes nothing, and asks', async (_, content) => {
    for (const host of [SHOP, 'shop.example.com']) {
      await page.route('http://evil.example/', (route) =>
        route.fulfill({ contentType: 'text/html', body: content(at(host, '/.shunt/use/pr-1')) }),
      );
      await page.goto('http://evil.example/');
      await page.click('#go');
      await page.waitForURL(at(host, '/.shunt/use/pr-1'));
      expect(await page.locator('main').innerText()).toContain('please confirm');
      expect(await context.cookies()).toEqual([]);
    }
  });

  test('an image, a frame and a script of another site change nothing either', async () => {
    const url = at(SHOP, '/.shunt/use/pr-1');
    await page.route('http://evil.example/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<img src="${url}"><iframe src="${url}"></iframe><script src="${url}"></script>`,
      }),
    );
    await page.goto('http://evil.example/', { waitUntil: 'load' });
    expect(await context.cookies()).toEqual([]);
  });

  test('the list is not shown in another page', async () => {
    await page.goto(at(SHOP));
    const blocked = page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'));
    await page.evaluate(`document.body.append(Object.assign(document.createElement('iframe'), { src: '/.shunt' }))`);
    await blocked;
  });

  describe('on a preview host', () => {
    test('redirects stay there, be they relative or made of the request’s host', async () => {
      for (const path of ['/moved', '/moved-whole']) {
        await page.goto(at(PREVIEW, path));
        expect(page.url()).toBe(at(PREVIEW, '/cart'));
        await shows('web@pr-1');
      }
    });

    test('frames stay there', async () => {
      await page.goto(at(PREVIEW, '/frame'));
      expect(await page.frameLocator('iframe').locator('h1').innerText()).toBe('web@pr-1');
      expect(page.frames()[1]!.url()).toBe(at(PREVIEW, '/inside'));
    });

    test('WebSockets and server-sent events come from the preview', async () => {
      await page.goto(at(PREVIEW));
      expect(await firstMessages(page)).toEqual(['web@pr-1', 'web@pr-1']);
    });
  });

  test('WebSockets and server-sent events follow the cookie', async () => {
    await page.goto(at(SHOP));
    expect(await firstMessages(page)).toEqual(['web', 'web']);
    await page.goto(at(SHOP, '/.shunt/use/pr-1'));
    expect(await firstMessages(page)).toEqual(['web@pr-1', 'web@pr-1']);
  });

  test('what a browser has stored of a preview it does not show as the baseline’s, nor the other way round', async () => {
    await page.goto(at(SHOP));
    const title = () =>
      page.evaluate(
        `fetch('/stored').then(async (response) => (await response.text()).match('<title>(.*)</title>')[1])`,
      );
    expect(await title()).toBe('web');
    await page.goto(at(SHOP, '/.shunt/use/pr-1'));
    expect(await title()).toBe('web@pr-1');
    await page.goto(at(SHOP, '/.shunt/clear'));
    expect(await title()).toBe('web');
  });

  describe('a script', () => {
    /** Who answers a page's script that asks another origin, as its body says and as the gateway does. */
    const fetched = (headers: Record<string, string>) =>
      page.evaluate<readonly (string | null)[]>(`
        fetch('${at('api.localhost', '/api')}', { headers: ${JSON.stringify(headers)} }).then(
          async (response) => [(await response.json()).title, response.headers.get('x-shunt-served-by')],
          (error) => [error.message],
        )`);

    test('of a permitted origin sends a key to another origin, and reads who served', async () => {
      await page.goto(at(SHOP));
      expect(await fetched({})).toEqual(['api', 'api']);
      expect(await fetched({ 'x-preview': 'pr-1' })).toEqual(['api@pr-1', 'api@pr-1']);
      expect(await fetched({ baggage: 'preview=pr-1', 'x-preview': 'pr-1' })).toEqual(['api@pr-1', 'api@pr-1']);
    });

    test('of a permitted origin sends other headers only if the service permits them', async () => {
      await page.goto(at(SHOP));
      expect(await fetched({ 'x-preview': 'pr-1', 'x-other': '1' })).toEqual(['Failed to fetch']);
    });

    test('of another origin sends no key, as without a gateway', async () => {
      await page.goto(at('shop.example.com'));
      expect(await fetched({})).toEqual(['api', null]);
      expect(await fetched({ 'x-preview': 'pr-1' })).toEqual(['Failed to fetch']);
    });

    test('reads the cookie, to hand the key on', async () => {
      await page.goto(at(SHOP, '/.shunt/use/pr-1'));
      expect(await page.evaluate('document.cookie')).toBe('preview=pr-1');
    });
  });

  describe.each(['light', 'dark'] as const)('the list, %s', (colorScheme) => {
    test.each([320, 1200])('fits a window of %i pixels, and can be read', async (width) => {
      await context.close();
      context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
      page = await context.newPage();
      const complaints: string[] = [];
      await page.goto(at(SHOP, '/.shunt/use/pr-1'));
      page.on('console', (message) => {
        if (!message.text().startsWith('Clear-Site-Data header')) complaints.push(message.text());
      });
      await page.goto(at(SHOP, '/.shunt'));
      if (process.env.SCREENSHOTS !== undefined) {
        await page.screenshot({ path: `${process.env.SCREENSHOTS}/${colorScheme}-${width}.png`, fullPage: true });
      }
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      expect(complaints).toEqual([]);
      for (const selector of ['body', 'small', 'li button', 'a']) {
        expect(await contrast(page, selector), selector).toBeGreaterThanOrEqual(4.5);
      }
    });
  });
});

/** What a WebSocket and an event stream of the page's host say first. */
function firstMessages(page: Page): Promise<unknown> {
  return page.evaluate(`{
    const first = (source) =>
      new Promise((resolve, reject) => {
        source.onmessage = ({ data }) => {
          source.close();
          resolve(data);
        };
        source.onerror = () => reject(new Error(source.url + ' failed'));
      });
    Promise.all([first(new WebSocket('ws://' + location.host + '/socket')), first(new EventSource('/events'))]);
  }`);
}

/** Of an element's text with what is behind it: WCAG 2.2, "contrast ratio". */
async function contrast(page: Page, selector: string): Promise<number> {
  const colors = await page.evaluate<readonly string[]>(`{
    const element = document.querySelector('${selector}');
    let behind = element;
    while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
    [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor];
  }`);
  const [dark, light] = colors.map(luminance).sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = color.match(/[0-9.]+/g)!.map((text) => {
    const part = Number(text) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
