import type { AccessLog, AccessLog__Output } from './generated/envoy/config/accesslog/v3/AccessLog.ts';
import type { CircuitBreakers, CircuitBreakers__Output } from './generated/envoy/config/cluster/v3/CircuitBreakers.ts';
import type { Cluster, Cluster__Output } from './generated/envoy/config/cluster/v3/Cluster.ts';
import type {
  OutlierDetection,
  OutlierDetection__Output,
} from './generated/envoy/config/cluster/v3/OutlierDetection.ts';
import type {
  HeaderMutation as HeaderMutationAction,
  HeaderMutation__Output as HeaderMutationAction__Output,
} from './generated/envoy/config/common/mutation_rules/v3/HeaderMutation.ts';
import type { Address, Address__Output } from './generated/envoy/config/core/v3/Address.ts';
import type { ConfigSource, ConfigSource__Output } from './generated/envoy/config/core/v3/ConfigSource.ts';
import type {
  HeaderValueOption,
  HeaderValueOption__Output,
} from './generated/envoy/config/core/v3/HeaderValueOption.ts';
import type {
  Http1ProtocolOptions,
  Http1ProtocolOptions__Output,
} from './generated/envoy/config/core/v3/Http1ProtocolOptions.ts';
import type {
  Http2ProtocolOptions,
  Http2ProtocolOptions__Output,
} from './generated/envoy/config/core/v3/Http2ProtocolOptions.ts';
import type {
  HttpProtocolOptions,
  HttpProtocolOptions__Output,
} from './generated/envoy/config/core/v3/HttpProtocolOptions.ts';
import type { Locality, Locality__Output } from './generated/envoy/config/core/v3/Locality.ts';
import type { Metadata, Metadata__Output } from './generated/envoy/config/core/v3/Metadata.ts';
import type { Node, Node__Output } from './generated/envoy/config/core/v3/Node.ts';
import type {
  SubstitutionFormatString,
  SubstitutionFormatString__Output,
} from './generated/envoy/config/core/v3/SubstitutionFormatString.ts';
import type { TransportSocket, TransportSocket__Output } from './generated/envoy/config/core/v3/TransportSocket.ts';
import type {
  TypedExtensionConfig,
  TypedExtensionConfig__Output,
} from './generated/envoy/config/core/v3/TypedExtensionConfig.ts';
import type {
  ClusterLoadAssignment,
  ClusterLoadAssignment__Output,
} from './generated/envoy/config/endpoint/v3/ClusterLoadAssignment.ts';
import type { LbEndpoint, LbEndpoint__Output } from './generated/envoy/config/endpoint/v3/LbEndpoint.ts';
import type {
  LocalityLbEndpoints,
  LocalityLbEndpoints__Output,
} from './generated/envoy/config/endpoint/v3/LocalityLbEndpoints.ts';
import type { Filter, Filter__Output } from './generated/envoy/config/listener/v3/Filter.ts';
import type { FilterChain, FilterChain__Output } from './generated/envoy/config/listener/v3/FilterChain.ts';
import type { Listener, Listener__Output } from './generated/envoy/config/listener/v3/Listener.ts';
import type { ListenerFilter, ListenerFilter__Output } from './generated/envoy/config/listener/v3/ListenerFilter.ts';
import type { FilterConfig, FilterConfig__Output } from './generated/envoy/config/route/v3/FilterConfig.ts';
import type { HeaderMatcher, HeaderMatcher__Output } from './generated/envoy/config/route/v3/HeaderMatcher.ts';
import type {
  QueryParameterMatcher,
  QueryParameterMatcher__Output,
} from './generated/envoy/config/route/v3/QueryParameterMatcher.ts';
import type { RedirectAction, RedirectAction__Output } from './generated/envoy/config/route/v3/RedirectAction.ts';
import type { RetryPolicy, RetryPolicy__Output } from './generated/envoy/config/route/v3/RetryPolicy.ts';
import type { Route, Route__Output } from './generated/envoy/config/route/v3/Route.ts';
import type { RouteAction, RouteAction__Output } from './generated/envoy/config/route/v3/RouteAction.ts';
import type {
  RouteConfiguration,
  RouteConfiguration__Output,
} from './generated/envoy/config/route/v3/RouteConfiguration.ts';
import type { RouteMatch, RouteMatch__Output } from './generated/envoy/config/route/v3/RouteMatch.ts';
import type {
  ScopedRouteConfiguration,
  ScopedRouteConfiguration__Output,
} from './generated/envoy/config/route/v3/ScopedRouteConfiguration.ts';
import type { VirtualHost, VirtualHost__Output } from './generated/envoy/config/route/v3/VirtualHost.ts';
import type {
  FileAccessLog,
  FileAccessLog__Output,
} from './generated/envoy/extensions/access_loggers/file/v3/FileAccessLog.ts';
import type {
  ExpressionFilter,
  ExpressionFilter__Output,
} from './generated/envoy/extensions/access_loggers/filters/cel/v3/ExpressionFilter.ts';
import type {
  StdoutAccessLog,
  StdoutAccessLog__Output,
} from './generated/envoy/extensions/access_loggers/stream/v3/StdoutAccessLog.ts';
import type {
  HeaderMutation as HeaderMutationFilter,
  HeaderMutation__Output as HeaderMutationFilter__Output,
} from './generated/envoy/extensions/filters/http/header_mutation/v3/HeaderMutation.ts';
import type {
  HeaderMutationPerRoute,
  HeaderMutationPerRoute__Output,
} from './generated/envoy/extensions/filters/http/header_mutation/v3/HeaderMutationPerRoute.ts';
import type {
  Config as HeaderToMetadata,
  Config__Output as HeaderToMetadata__Output,
  _envoy_extensions_filters_http_header_to_metadata_v3_Config_Rule as HeaderToMetadataRule,
  _envoy_extensions_filters_http_header_to_metadata_v3_Config_Rule__Output as HeaderToMetadataRule__Output,
} from './generated/envoy/extensions/filters/http/header_to_metadata/v3/Config.ts';
import type {
  JwtAuthentication,
  JwtAuthentication__Output,
} from './generated/envoy/extensions/filters/http/jwt_authn/v3/JwtAuthentication.ts';
import type { Lua, Lua__Output } from './generated/envoy/extensions/filters/http/lua/v3/Lua.ts';
import type { Router, Router__Output } from './generated/envoy/extensions/filters/http/router/v3/Router.ts';
import type {
  Config as SetFilterState,
  Config__Output as SetFilterState__Output,
} from './generated/envoy/extensions/filters/http/set_filter_state/v3/Config.ts';
import type {
  Config as SetMetadata,
  Config__Output as SetMetadata__Output,
} from './generated/envoy/extensions/filters/http/set_metadata/v3/Config.ts';
import type {
  HttpConnectionManager,
  HttpConnectionManager__Output,
} from './generated/envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.ts';
import type {
  HttpFilter,
  HttpFilter__Output,
} from './generated/envoy/extensions/filters/network/http_connection_manager/v3/HttpFilter.ts';
import type {
  HeaderMutation,
  HeaderMutation__Output,
} from './generated/envoy/extensions/http/early_header_mutation/header_mutation/v3/HeaderMutation.ts';
import type {
  PreviousHostsPredicate,
  PreviousHostsPredicate__Output,
} from './generated/envoy/extensions/retry/host/previous_hosts/v3/PreviousHostsPredicate.ts';
import type {
  PreviousPrioritiesConfig,
  PreviousPrioritiesConfig__Output,
} from './generated/envoy/extensions/retry/priority/previous_priorities/v3/PreviousPrioritiesConfig.ts';
import type {
  HttpProtocolOptions as UpstreamHttpProtocolOptions,
  HttpProtocolOptions__Output as UpstreamHttpProtocolOptions__Output,
} from './generated/envoy/extensions/upstreams/http/v3/HttpProtocolOptions.ts';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryRequest__Output,
} from './generated/envoy/service/discovery/v3/DeltaDiscoveryRequest.ts';
import type {
  DeltaDiscoveryResponse,
  DeltaDiscoveryResponse__Output,
} from './generated/envoy/service/discovery/v3/DeltaDiscoveryResponse.ts';
import type {
  DiscoveryRequest,
  DiscoveryRequest__Output,
} from './generated/envoy/service/discovery/v3/DiscoveryRequest.ts';
import type {
  DiscoveryResponse,
  DiscoveryResponse__Output,
} from './generated/envoy/service/discovery/v3/DiscoveryResponse.ts';
import type { Resource, Resource__Output } from './generated/envoy/service/discovery/v3/Resource.ts';
import type { ClientConfig, ClientConfig__Output } from './generated/envoy/service/status/v3/ClientConfig.ts';
import type {
  ClientStatusRequest,
  ClientStatusRequest__Output,
} from './generated/envoy/service/status/v3/ClientStatusRequest.ts';
import type {
  ClientStatusResponse,
  ClientStatusResponse__Output,
} from './generated/envoy/service/status/v3/ClientStatusResponse.ts';
import type { NodeMatcher, NodeMatcher__Output } from './generated/envoy/type/matcher/v3/NodeMatcher.ts';
import type {
  RegexMatchAndSubstitute,
  RegexMatchAndSubstitute__Output,
} from './generated/envoy/type/matcher/v3/RegexMatchAndSubstitute.ts';
import type { StringMatcher, StringMatcher__Output } from './generated/envoy/type/matcher/v3/StringMatcher.ts';
import type { Any, Any__Output } from './generated/google/protobuf/Any.ts';
import type { Struct, Struct__Output } from './generated/google/protobuf/Struct.ts';
import type { Value, Value__Output } from './generated/google/protobuf/Value.ts';
import type { Status, Status__Output } from './generated/google/rpc/Status.ts';

/** The messages that Shunt makes or reads, by full name: as they are written, and as they are read. */
interface Messages {
  'envoy.config.accesslog.v3.AccessLog': [AccessLog, AccessLog__Output];
  'envoy.config.cluster.v3.CircuitBreakers': [CircuitBreakers, CircuitBreakers__Output];
  'envoy.config.cluster.v3.Cluster': [Cluster, Cluster__Output];
  'envoy.config.cluster.v3.OutlierDetection': [OutlierDetection, OutlierDetection__Output];
  'envoy.config.common.mutation_rules.v3.HeaderMutation': [HeaderMutationAction, HeaderMutationAction__Output];
  'envoy.config.core.v3.Address': [Address, Address__Output];
  'envoy.config.core.v3.ConfigSource': [ConfigSource, ConfigSource__Output];
  'envoy.config.core.v3.HeaderValueOption': [HeaderValueOption, HeaderValueOption__Output];
  'envoy.config.core.v3.Http1ProtocolOptions': [Http1ProtocolOptions, Http1ProtocolOptions__Output];
  'envoy.config.core.v3.Http2ProtocolOptions': [Http2ProtocolOptions, Http2ProtocolOptions__Output];
  'envoy.config.core.v3.HttpProtocolOptions': [HttpProtocolOptions, HttpProtocolOptions__Output];
  'envoy.config.core.v3.Locality': [Locality, Locality__Output];
  'envoy.config.core.v3.Metadata': [Metadata, Metadata__Output];
  'envoy.config.core.v3.Node': [Node, Node__Output];
  'envoy.config.core.v3.SubstitutionFormatString': [SubstitutionFormatString, SubstitutionFormatString__Output];
  'envoy.config.core.v3.TransportSocket': [TransportSocket, TransportSocket__Output];
  'envoy.config.core.v3.TypedExtensionConfig': [TypedExtensionConfig, TypedExtensionConfig__Output];
  'envoy.config.endpoint.v3.ClusterLoadAssignment': [ClusterLoadAssignment, ClusterLoadAssignment__Output];
  'envoy.config.endpoint.v3.LbEndpoint': [LbEndpoint, LbEndpoint__Output];
  'envoy.config.endpoint.v3.LocalityLbEndpoints': [LocalityLbEndpoints, LocalityLbEndpoints__Output];
  'envoy.config.listener.v3.Filter': [Filter, Filter__Output];
  'envoy.config.listener.v3.FilterChain': [FilterChain, FilterChain__Output];
  'envoy.config.listener.v3.Listener': [Listener, Listener__Output];
  'envoy.config.listener.v3.ListenerFilter': [ListenerFilter, ListenerFilter__Output];
  'envoy.config.route.v3.FilterConfig': [FilterConfig, FilterConfig__Output];
  'envoy.config.route.v3.HeaderMatcher': [HeaderMatcher, HeaderMatcher__Output];
  'envoy.config.route.v3.QueryParameterMatcher': [QueryParameterMatcher, QueryParameterMatcher__Output];
  'envoy.config.route.v3.RedirectAction': [RedirectAction, RedirectAction__Output];
  'envoy.config.route.v3.RetryPolicy': [RetryPolicy, RetryPolicy__Output];
  'envoy.config.route.v3.Route': [Route, Route__Output];
  'envoy.config.route.v3.RouteAction': [RouteAction, RouteAction__Output];
  'envoy.config.route.v3.RouteConfiguration': [RouteConfiguration, RouteConfiguration__Output];
  'envoy.config.route.v3.RouteMatch': [RouteMatch, RouteMatch__Output];
  'envoy.config.route.v3.ScopedRouteConfiguration': [ScopedRouteConfiguration, ScopedRouteConfiguration__Output];
  'envoy.config.route.v3.VirtualHost': [VirtualHost, VirtualHost__Output];
  'envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter': [ExpressionFilter, ExpressionFilter__Output];
  'envoy.extensions.access_loggers.file.v3.FileAccessLog': [FileAccessLog, FileAccessLog__Output];
  'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog': [StdoutAccessLog, StdoutAccessLog__Output];
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation': [
    HeaderMutationFilter,
    HeaderMutationFilter__Output,
  ];
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute': [
    HeaderMutationPerRoute,
    HeaderMutationPerRoute__Output,
  ];
  'envoy.extensions.filters.http.header_to_metadata.v3.Config': [HeaderToMetadata, HeaderToMetadata__Output];
  'envoy.extensions.filters.http.header_to_metadata.v3.Config.Rule': [
    HeaderToMetadataRule,
    HeaderToMetadataRule__Output,
  ];
  'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication': [JwtAuthentication, JwtAuthentication__Output];
  'envoy.extensions.filters.http.lua.v3.Lua': [Lua, Lua__Output];
  'envoy.extensions.filters.http.set_filter_state.v3.Config': [SetFilterState, SetFilterState__Output];
  'envoy.extensions.filters.http.router.v3.Router': [Router, Router__Output];
  'envoy.extensions.filters.http.set_metadata.v3.Config': [SetMetadata, SetMetadata__Output];
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager': [
    HttpConnectionManager,
    HttpConnectionManager__Output,
  ];
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter': [HttpFilter, HttpFilter__Output];
  'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation': [
    HeaderMutation,
    HeaderMutation__Output,
  ];
  'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate': [
    PreviousHostsPredicate,
    PreviousHostsPredicate__Output,
  ];
  'envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig': [
    PreviousPrioritiesConfig,
    PreviousPrioritiesConfig__Output,
  ];
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': [
    UpstreamHttpProtocolOptions,
    UpstreamHttpProtocolOptions__Output,
  ];
  'envoy.service.discovery.v3.DeltaDiscoveryRequest': [DeltaDiscoveryRequest, DeltaDiscoveryRequest__Output];
  'envoy.service.discovery.v3.DeltaDiscoveryResponse': [DeltaDiscoveryResponse, DeltaDiscoveryResponse__Output];
  'envoy.service.discovery.v3.DiscoveryRequest': [DiscoveryRequest, DiscoveryRequest__Output];
  'envoy.service.discovery.v3.DiscoveryResponse': [DiscoveryResponse, DiscoveryResponse__Output];
  'envoy.service.discovery.v3.Resource': [Resource, Resource__Output];
  'envoy.service.status.v3.ClientConfig': [ClientConfig, ClientConfig__Output];
  'envoy.service.status.v3.ClientStatusRequest': [ClientStatusRequest, ClientStatusRequest__Output];
  'envoy.service.status.v3.ClientStatusResponse': [ClientStatusResponse, ClientStatusResponse__Output];
  'envoy.type.matcher.v3.NodeMatcher': [NodeMatcher, NodeMatcher__Output];
  'envoy.type.matcher.v3.RegexMatchAndSubstitute': [RegexMatchAndSubstitute, RegexMatchAndSubstitute__Output];
  'envoy.type.matcher.v3.StringMatcher': [StringMatcher, StringMatcher__Output];
  'google.protobuf.Any': [Any, Any__Output];
  'google.protobuf.Struct': [Struct, Struct__Output];
  'google.protobuf.Value': [Value, Value__Output];
  'google.rpc.Status': [Status, Status__Output];
}

/** Full name of a message that Shunt makes or reads. */
export type MessageName = keyof Messages;

/** Messages as they are written: every field may be left out, names in snake_case, enum values by name. */
export type MessageTypes = { [Name in MessageName]: Messages[Name][0] };

/** Messages as they are read: repeated fields are never missing, enum values by name, 64-bit integers as strings. */
export type DecodedTypes = { [Name in MessageName]: Messages[Name][1] };
