/* control.node: calls `fake_cuda_control` of the library that the backend has opened. control(path, command) gives its answer, JSON. */
#include <dlfcn.h>
#include <node_api.h>
#include <stdlib.h>

typedef const char *(*Control)(const char *command);

static char *text(napi_env env, napi_value value) {
  size_t length = 0;
  napi_get_value_string_utf8(env, value, NULL, 0, &length);
  char *result = malloc(length + 1);
  napi_get_value_string_utf8(env, value, result, length + 1, &length);
  return result;
}

static napi_value control(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2], answer = NULL;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  char *path = text(env, arguments[0]), *command = text(env, arguments[1]);
  /* The same file is the same library for the whole process. */
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  Control function = library == NULL ? NULL : (Control)dlsym(library, "fake_cuda_control");
  if (function == NULL) napi_throw_error(env, NULL, dlerror());
  else napi_create_string_utf8(env, function(command), NAPI_AUTO_LENGTH, &answer);
  free(path);
  free(command);
  return answer;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "control", NAPI_AUTO_LENGTH, control, NULL, &function);
  return function;
}
