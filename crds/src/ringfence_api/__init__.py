"""The Tenant API of Ringfence: types, derived names and the Binding."""
