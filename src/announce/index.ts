/** How objects stand, told in the cluster itself: as Events and in a ConfigMap, by one replica. */
export { Announcer, type AnnouncerOptions } from './announcer.ts';
